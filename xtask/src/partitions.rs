//! Partition tables of the firmware and of a board's flash.

/// Offset of the table in the flash, and its maximum length.
///
/// See "Partition Tables" in the ESP-IDF Programming Guide.
pub(crate) const PLACE: (&str, &str) = ("0x8000", "0xc00");

/// Length of an entry, in bytes.
const ENTRY: usize = 32;
/// First bytes of each entry.
const MAGIC: [u8; 2] = [0xaa, 0x50];

/// A partition of the flash.
#[derive(Debug, PartialEq, Eq)]
struct Partition {
    name: String,
    offset: u32,
    size: u32,
}

/// Returns whether the flash has every partition of the file, each at its offset.
pub(crate) fn has_all(flash: &[u8], file: &str) -> bool {
    let found: Vec<Partition> = flash.chunks_exact(ENTRY).map_while(entry).collect();
    let mut wanted = rows(file).peekable();
    wanted.peek().is_some() && wanted.all(|row| row.is_some_and(|row| found.contains(&row)))
}

fn entry(bytes: &[u8]) -> Option<Partition> {
    let bytes = bytes.strip_prefix(&MAGIC)?;
    let number = |index: usize| Some(u32::from_le_bytes(bytes.get(index..index + 4)?.try_into().ok()?));
    let name = bytes.get(10..26)?.split(|byte| *byte == 0).next()?;
    Some(Partition { name: String::from_utf8_lossy(name).into_owned(), offset: number(2)?, size: number(6)? })
}

/// Returns the rows of the file, with `None` for a row that cannot be parsed.
fn rows(file: &str) -> impl Iterator<Item = Option<Partition>> {
    let rows = file.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    rows.map(|line| {
        let mut fields = line.split(',').map(str::trim);
        let name = fields.next()?.to_owned();
        let mut number = |skipped| u32::from_str_radix(fields.nth(skipped)?.strip_prefix("0x")?, 16).ok();
        Some(Partition { name, offset: number(2)?, size: number(0)? })
    })
}

/// Returns the bytes of the table in a flash after the file was written.
#[cfg(test)]
pub(crate) fn written(file: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for Partition { name, offset, size } in rows(file).map(|row| row.expect("a row cannot be parsed")) {
        let mut label = name.into_bytes();
        label.resize(16, 0);
        bytes.extend(
            [&MAGIC[..], &[1, 6], &offset.to_le_bytes(), &size.to_le_bytes(), &label, &[0; 4]].concat(),
        );
    }
    bytes.resize(0xc00, 0xff);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str =
        "# Name, Type\nsettings, data, undefined, 0x9000, 0x4000\nota_0, app, ota_0, 0x10000, 0x1f0000\n";

    #[test]
    fn other_or_missing_table_is_detected() {
        assert!(has_all(&written(OURS), OURS));
        let more = format!("{OURS}more, data, undefined, 0x200000, 0x1000\n");
        assert!(has_all(&written(&more), OURS), "a further partition was not accepted");
        assert!(!has_all(&written(OURS), &more));
        for (from, to) in [("0x10000", "0x20000"), ("0x1f0000", "0x100000"), ("settings", "nvs")] {
            assert!(!has_all(&written(&OURS.replace(from, to)), OURS), "{to}");
        }
        for none in [&[][..], &[0xff; 0xc00], &[0; 0xc00], &written(OURS)[..40]] {
            assert!(!has_all(none, OURS));
        }
        assert!(!has_all(&written(OURS), ""), "an empty file was accepted");
        assert!(!has_all(&written(OURS), "ota_0, app, ota_0, , 0x1f0000\n"));
    }
}
