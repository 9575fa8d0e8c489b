//! The seeds of libFuzzer, and its former findings, pass without libFuzzer, too.

use fuzz_targets::TARGETS;
use std::fs;
use std::path::Path;

#[test]
fn every_seed_passes_its_target() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    for target in TARGETS {
        let folder = fs::read_dir(corpus.join(target.name)).expect("a target has no folder of seeds");
        let mut seeds = 0;
        for seed in folder {
            let path = seed.expect("cannot list the seeds").path();
            println!("{}", path.display());
            target.check(&fs::read(&path).expect("cannot read a seed"));
            seeds += 1;
        }
        assert!(seeds >= 5, "{} has {seeds} seeds", target.name);
    }
}
