//! `instep keygen` and `instep sign`, against the verification of a device.

use instep_update::{ImageCheck, PublicKey, Refusal, inspect};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use test_support::Folder;
use updatable_device::{Sample, Setup};

static APP: instep::App =
    instep::App::new("garden", "for tests").page("/", instep::Asset::html("<p>Garden</p>"));

/// Runs the command. Returns its exit code, its output and its error output.
fn run(args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_instep"))
        .args(args)
        .stdin(Stdio::null())
        .env_remove("INSTEP_PASSWORD")
        .output()
        .expect("cannot run the command");
    let text = |bytes| String::from_utf8(bytes).expect("the output is not UTF-8");
    (output.status.code().expect("ended by a signal"), text(output.stdout), text(output.stderr))
}

/// Makes a key. Returns its file and the public key.
fn keygen(folder: &Folder, name: &str) -> (String, PublicKey) {
    let file = folder.file(name);
    let (code, out, error) = run(&["keygen", &file]);
    assert_eq!((code, error.as_str()), (0, ""));
    let (_, hex) = out.trim_end().rsplit_once("INSTEP_UPDATE_KEY=").expect("the public key is not told");
    (file, PublicKey::from_hex(hex).expect("not 64 hexadecimal digits"))
}

/// Writes an image, and signs it.
fn signed(folder: &Folder, key: &str, sample: &Sample) -> Vec<u8> {
    let file = folder.file("image.bin");
    std::fs::write(&file, sample.make()).unwrap();
    let (code, out, error) = run(&["sign", key, &file]);
    assert_eq!((code, error.as_str()), (0, ""));
    assert!(out.starts_with("Signed garden 0.3.0 for devkit (ESP32-C3), "), "{out}");
    std::fs::read(&file).unwrap()
}

/// Verifies an image as a device does.
fn verify(key: PublicKey, image: &[u8]) -> Result<(), Refusal> {
    let mut check = ImageCheck::new(1 << 20);
    check.take(image)?;
    key.verify(&inspect(image)?, &check.finish()?)
}

#[test]
fn device_accepts_signed_image_and_no_flip_of_it() {
    let folder = Folder::new("sign");
    let (key, public) = keygen(&folder, "key.pem");
    let sample = Sample { length: 2000, ..Sample::new("0.3.0") };
    let image = signed(&folder, &key, &sample);
    let length = sample.make().len();
    assert_eq!((image.len(), &image[..length]), (length + 64, &sample.make()[..]));
    assert_eq!(verify(public, &image), Ok(()));
    assert_eq!(verify(public, &image[..length]), Err(Refusal::NotSigned));
    for bit in 0..512 {
        let mut flipped = image.clone();
        flipped[length + bit / 8] ^= 1 << (bit % 8);
        assert_eq!(verify(public, &flipped), Err(Refusal::WrongSignature), "bit {bit}");
    }
    // A flip in the image is found by its hash, and the signature of another image does not fit.
    let mut flipped = image.clone();
    flipped[1000] ^= 1;
    assert!(verify(public, &flipped).is_err());
    let other = signed(&folder, &key, &Sample { length: 2004, ..sample.clone() });
    let exchanged = [&sample.make()[..], &other[other.len() - 64..]].concat();
    assert_eq!(verify(public, &exchanged), Err(Refusal::WrongSignature));
    let (_, another) = keygen(&folder, "another.pem");
    assert_eq!(verify(another, &image), Err(Refusal::WrongSignature));
}

#[test]
fn signature_is_replaced_and_the_same_each_time() {
    let folder = Folder::new("sign-again");
    let (key, public) = keygen(&folder, "key.pem");
    let (another, _) = keygen(&folder, "another.pem");
    let image = signed(&folder, &key, &Sample::new("0.3.0"));
    let file = folder.file("image.bin");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(run(&["sign", &another, &file]).0, 0);
    assert_ne!(std::fs::read(&file).unwrap(), image);
    assert_eq!(run(&["sign", &key, &file]).0, 0);
    assert_eq!(std::fs::read(&file).unwrap(), image);
    assert_eq!(verify(public, &image), Ok(()));
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    let names = std::fs::read_dir(std::path::Path::new(&file).parent().unwrap()).unwrap().count();
    assert_eq!(names, 3, "a file was left");
}

#[test]
fn device_with_key_is_updated_to_signed_image_only() {
    let folder = Folder::new("sign-update");
    let (key, public) = keygen(&folder, "key.pem");
    let device = Setup { key: Some(public), ..Setup::new(&APP) }.start();
    let file = folder.file("image.bin");
    std::fs::write(&file, Sample::new("0.3.0").make()).unwrap();
    let (code, _, error) = run(&["update", &device.addr.to_string(), &file]);
    assert_eq!(code, 1);
    assert!(error.contains("This image is not signed"), "{error}");
    assert_eq!(run(&["sign", &key, &file]).0, 0);
    let (code, out, error) = run(&["update", &device.addr.to_string(), &file]);
    assert_eq!((code, error.as_str()), (0, ""), "{out}");
}

#[test]
fn key_file_is_for_its_owner_and_never_overwritten() {
    let folder = Folder::new("sign-key");
    let (key, _) = keygen(&folder, "key.pem");
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    let before = std::fs::read(&key).unwrap();
    let (code, out, error) = run(&["keygen", &key]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(error.starts_with(&format!("instep keygen: cannot write {key}: the file exists; ")), "{error}");
    assert_eq!(std::fs::read(&key).unwrap(), before);
    let (other, _) = keygen(&folder, "other.pem");
    assert_ne!(std::fs::read(other).unwrap(), before);
    let (code, _, error) = run(&["keygen", "/none/key.pem"]);
    assert_eq!(
        (code, error.starts_with("instep keygen: cannot write /none/key.pem: ")),
        (1, true),
        "{error}"
    );
}

/// `openssl genpkey -algorithm ed25519` made this key, and `openssl pkey -pubout` its public one.
#[test]
fn key_of_openssl_is_read() {
    let folder = Folder::new("sign-openssl");
    let key = folder.write("key.pem", OPENSSL_KEY);
    let image = signed(&folder, &key, &Sample::new("0.3.0"));
    assert_eq!(verify(PublicKey::from_hex(OPENSSL_PUBLIC).unwrap(), &image), Ok(()));
}

#[test]
fn other_files_are_refused() {
    let folder = Folder::new("sign-refused");
    let (key, _) = keygen(&folder, "key.pem");
    let image = folder.file("image.bin");
    std::fs::write(&image, Sample::new("0.3.0").make()).unwrap();
    let text = folder.write("text", "some text");
    for (key, image, says) in [
        (
            &*text,
            &*image,
            "there is no private key in PEM (-----BEGIN PRIVATE KEY-----); make one by `instep keygen FILE`",
        ),
        ("/none", &image, "cannot read the key /none: No such file"),
        (&key, &text, "This file is not a firmware image."),
        (&key, "/none", "cannot use the image /none: No such file"),
    ] {
        let (code, out, error) = run(&["sign", key, image]);
        assert_eq!((code, out.as_str()), (1, ""));
        assert!(error.contains(says), "{error}");
    }
    let p256 = rcgen::KeyPair::generate().expect("cannot make a key").serialize_pem();
    let p256 = folder.write("p256.pem", &p256);
    let (code, _, error) = run(&["sign", &p256, &image]);
    assert_eq!(code, 1);
    assert!(error.contains("it is no key for Ed25519"), "{error}");
    assert_eq!(std::fs::read(&image).unwrap(), Sample::new("0.3.0").make());
}

const OPENSSL_KEY: &str = "\
-----BEGIN PRIVATE KEY-----\n\
MC4CAQAwBQYDK2VwBCIEIHcU1Q9ktLbEOrB6LI/0oNNacT+v7v0qEDjT+abwjfO5\n\
-----END PRIVATE KEY-----\n\
";
const OPENSSL_PUBLIC: &str = "4e5f436ba175cdece84d9cd94a66c2ccc5f0992dbb7fd8cde3adb382f7ab3826";

#[test]
fn session_key_is_new_and_only_its_owner_reads_it() {
    let folder = Folder::new("session_key");
    let [one, other] = ["one", "other"].map(|name| folder.file(name));
    let (code, out, error) = run(&["keygen", "--session", &one]);
    assert_eq!((code, error.as_str()), (0, ""));
    assert!(out.contains(&format!("--session-key-file {one}")), "{out}");
    assert_eq!(std::fs::metadata(&one).unwrap().permissions().mode() & 0o777, 0o600);
    let key = std::fs::read_to_string(&one).unwrap();
    let digits = key.strip_suffix('\n').unwrap();
    assert!(digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()), "{key}");
    assert!(!out.contains(digits), "the key is shown");
    let (code, _, error) = run(&["keygen", "--session", &one]);
    assert!(code == 1 && error.contains("the file exists"), "{code} {error}");
    assert_eq!(std::fs::read_to_string(&one).unwrap(), key);
    assert_eq!(run(&["keygen", "--session", &other]).0, 0);
    assert_ne!(std::fs::read_to_string(&other).unwrap(), key);
}
