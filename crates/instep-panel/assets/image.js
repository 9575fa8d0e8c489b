/** Images of firmware, in ESP-IDF's format with the descriptor of instep. */

/** Returns what an image says of itself, or the name of the text that says why the file is none. */
export async function inspect(file) {
  const bytes = new Uint8Array(await file.slice(0, 4096).arrayBuffer());
  const word = (at) => bytes[at] | (bytes[at + 1] << 8);
  const has = (at, ...these) => these.every((byte, i) => bytes[at + i] === byte);
  if (!has(0, 0xe9) || !has(23, 1) || !has(32, 0x32, 0x54, 0xcd, 0xab)) return "no_image";
  const name = (at) => new TextDecoder().decode(bytes.subarray(at, at + 32)).replace(/\0.*/s, "");
  // "instep", the format, behind the application descriptor
  let at = 288;
  while (at < bytes.length && !has(at, 0x69, 0x6e, 0x73, 0x74, 0x65, 0x70, 0xd5, 1)) at += 4;
  if (at >= bytes.length) return "no_names";
  return { file, chip: word(12), version: name(48), board: name(at + 8), application: name(at + 40) };
}

/** Returns whether version `a` is lower than `b`, as Cargo orders them. One that cannot be compared is lower. */
export function isLower(a, b) {
  if (a === b) return false;
  const [one, other] = [a, b].map((version) => /^(\d+)\.(\d+)\.(\d+)(?:-([^+]*))?(?:\+.*)?$/.exec(version));
  if (!one || !other) return true;
  for (const i of [1, 2, 3]) if (one[i] !== other[i]) return Number(one[i]) < Number(other[i]);
  if (!one[4] || !other[4]) return Boolean(one[4]) && !other[4];
  const [these, those] = [one[4].split("."), other[4].split(".")];
  for (const [i, part] of these.entries()) {
    const against = those[i];
    if (part === against) continue;
    const [number, than] = [part, against].map((text) => (/^\d+$/.test(text) ? Number(text) : NaN));
    if (against === undefined) return false;
    if (number === number && than === than) return number < than;
    return number === number || (than !== than && part < against);
  }
  return these.length < those.length;
}
