//! A project of one's own, made by `instep new` outside of this repository, from the packages alone.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::bare_metal::{TARGET, toolchain, toolchain_for};
use crate::browser;
use crate::firmware::{self, LED_JSON, Plan, Variables};
use crate::report::{Outcome, Report};
use crate::tools::{Tools, cargo, metadata, run, server, target, workspace};

const NAME: &str = "garden";
/// Chip of the project's board.
const CHIP: &str = "esp32c3";
/// Maximum difference between the firmware of an application in the project and in this repository, in percent.
const DIFFERENCE_MAX: u64 = 1;
/// The device of the project, replaced by an application of this repository.
const APPLICATION: &str = "\
pub use instep_apps::led_json::APP;
use embedded_hal::digital::OutputPin;
use instep::{Device, Inbox};
use instep_apps::{Led, led_json};

pub async fn run(device: &Device, inbox: &mut Inbox<'_>, pin: impl OutputPin) {
    led_json::run(device, inbox, Led::new(pin)).await
}
";

/// A project, and the folder of what is built of it. The project and its packages are removed when it is dropped.
struct Project {
    root: PathBuf,
    folder: PathBuf,
    built: PathBuf,
    /// A folder for cargo's downloads, which is empty at first, or that of this machine.
    home: Option<PathBuf>,
}

/// Makes the project, builds it, runs its tests, boots it, changes something on its page, and links it for a board.
///
/// With `full` cargo downloads everything anew, and verifies each package.
pub(crate) fn all(full: bool, report: &mut Report, tools: &mut Tools) {
    let Some(project) = report.step_for("own project", || Project::make(full)) else { return };
    report.step("own project: build and test", || {
        run(&mut project.cargo(&["build"]))?;
        run(&mut project.cargo(&["test"]))
    });
    report.step("own project: pages", || project.open_pages(tools));
    report.step("own project: firmware", || project.link_firmware(tools));
    if full {
        let args = ["publish", "--dry-run", "--workspace", "--allow-dirty"];
        report.step("packages", || run(cargo(&args).arg("--target-dir").arg(target().join("packages"))));
    }
}

impl Project {
    /// Packs the crates, and makes a project that takes them in place of the registry's.
    fn make(full: bool) -> Outcome<Self> {
        let root = std::env::temp_dir().join(format!("instep-project-{}", std::process::id()));
        let failed = |error| format!("the folder {} cannot be written: {error}", root.display());
        let _ = fs::remove_dir_all(&root);
        let packages = root.join("packages");
        fs::create_dir_all(&packages).map_err(failed)?;
        pack(&packages)?;
        run(Command::new(server()?).args(["new", NAME]).current_dir(&root))?;
        let folder = root.join(NAME);
        let manifest = folder.join("Cargo.toml");
        let text = fs::read_to_string(&manifest).map_err(failed)? + &patch(&packages).map_err(failed)?;
        fs::write(manifest, text).map_err(failed)?;
        let built = target().join("project");
        if full {
            let _ = fs::remove_dir_all(&built);
        }
        let home = full.then(|| root.join("home"));
        Ok(Self { root, folder, built, home })
    }

    /// Returns cargo in the folder of the project.
    fn cargo(&self, args: &[&str]) -> Command {
        let mut command = cargo(args);
        command.current_dir(&self.folder).env("CARGO_TARGET_DIR", &self.built);
        if let Some(home) = &self.home {
            command.env("CARGO_HOME", home);
        }
        command
    }

    /// Opens the page of the program, and that of the firmware in QEMU, in Chromium.
    fn open_pages(&self, tools: &mut Tools) -> Outcome {
        let toolchain = toolchain(tools)?;
        let program = self.built.join("debug").join(NAME);
        // The command is the one that a maker types. Its runner is `instep`, which must be in PATH.
        let mut qemu = self.cargo(&["qemu"]);
        toolchain.apply(&mut qemu);
        let path = qemu.get_envs().find(|(name, _)| *name == "PATH").and_then(|(_, value)| value);
        let path = path.map(ToOwned::to_owned).or_else(|| std::env::var_os("PATH")).unwrap_or_default();
        let instep = PathBuf::from(server()?);
        let folders = instep.parent().into_iter().map(Path::to_owned).chain(std::env::split_paths(&path));
        let path = std::env::join_paths(folders).map_err(|error| format!("PATH is invalid: {error}"))?;
        qemu.env("PATH", path);
        // The image is built before the test, which has a deadline.
        let mut build = self.cargo(&["build", "--release", "--features=qemu"]);
        build.args(["--target", TARGET]);
        toolchain.apply(&mut build);
        run(&mut build)?;
        browser::test_project(tools, &program, &self.folder, &qemu)
    }

    /// Links the firmware of the project, and compares it with that of this repository, for the same application.
    fn link_firmware(&self, tools: &mut Tools) -> Outcome {
        let failed = |error| format!("the project cannot be changed: {error}");
        // The versions of dependencies are those of this repository, so that they are compiled once, and sizes are equal.
        fs::copy(workspace().join("Cargo.lock"), self.folder.join("Cargo.lock")).map_err(failed)?;
        self.link(tools)?;
        fs::write(self.folder.join(format!("src/{NAME}.rs")), APPLICATION).map_err(failed)?;
        let manifest = self.folder.join("Cargo.toml");
        let text = fs::read_to_string(&manifest).map_err(failed)?;
        let dependency = format!("\n[dependencies]\ninstep-apps = {:?}\n", env!("CARGO_PKG_VERSION"));
        fs::write(manifest, text.replacen("\n[dependencies]\n", &dependency, 1)).map_err(failed)?;
        let own = self.link(tools)?;

        let plan = Plan::new(firmware::first_board(CHIP)?, LED_JSON);
        let example = firmware::build(&plan, Variables::Ignored, tools)?.elf;
        let [own, example] = [firmware::taken(&plan, &own)?, firmware::taken(&plan, &example)?];
        println!(
            "flash and memory of {LED_JSON}: {own:?} bytes in a project, {example:?} in this repository"
        );
        let differs = |(own, example): (&u64, &u64)| own.abs_diff(*example) * 100 > example * DIFFERENCE_MAX;
        if own.iter().zip(&example).any(differs) {
            return Err(format!("they differ by more than {DIFFERENCE_MAX} %").into());
        }
        Ok(())
    }

    /// Links the firmware of the project for its board, and returns its path.
    fn link(&self, tools: &mut Tools) -> Outcome<PathBuf> {
        let target = firmware::first_board(CHIP)?.target();
        let mut build = cargo(&["build", "--release", "--features=esp", "--target", target]);
        toolchain_for(target, tools)?.apply(&mut build);
        firmware::without_variables(&mut build);
        build.arg("--config").arg(firmware::without_folders(target)?);
        // The target folder is that of the repository's firmware, which has most of the dependencies.
        build.current_dir(&self.folder).arg("--target-dir").arg(firmware::target_folder());
        run(&mut build)?;
        Ok(firmware::target_folder().join(target).join("release").join(NAME))
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        // What stays is in the folder for temporary files.
        let _ = fs::remove_dir_all(&self.root);
    }
}

/// Packs all crates that are published, and unpacks them into a folder.
fn pack(folder: &Path) -> Outcome {
    let packed = target().join("packages");
    let mut package = cargo(&["package", "--no-verify", "--allow-dirty", "--target-dir"]);
    package.arg(&packed);
    let published = published()?;
    for (name, _) in &published {
        package.args(["--package", name]);
    }
    run(&mut package)?;
    for (name, version) in &published {
        let archive = packed.join(format!("package/{name}-{version}.crate"));
        run(Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(folder))?;
    }
    Ok(())
}

/// Returns the names and versions of the crates that are published.
fn published() -> Outcome<BTreeSet<(String, String)>> {
    let metadata = metadata(&workspace(), &["--no-deps"])?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    // An empty list is `publish = false`.
    let published = packages.filter(|package| package["publish"].is_null());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Ok(published.map(|package| (text(&package["name"]), text(&package["version"]))).collect())
}

/// Returns the section of a manifest that takes the packages in place of the registry's.
fn patch(packages: &Path) -> std::io::Result<String> {
    let mut section = "\n[patch.crates-io]\n".to_owned();
    let mut folders = fs::read_dir(packages)?.collect::<Result<Vec<_>, _>>()?;
    folders.sort_by_key(fs::DirEntry::file_name);
    for folder in folders {
        let path = folder.path();
        let name = folder.file_name().to_string_lossy().into_owned();
        let name = name.rsplit_once('-').map_or(name.clone(), |(name, _)| name.to_owned());
        section += &format!("{name} = {{ path = {:?} }}\n", path.display().to_string());
    }
    Ok(section)
}
