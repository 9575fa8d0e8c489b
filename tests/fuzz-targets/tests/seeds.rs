//! What libFuzzer begins with, and what it once found, holds without libFuzzer, too.

use fuzz_targets::TARGETS;
use std::fs;
use std::path::Path;

#[test]
fn every_seed_is_as_it_must_be() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    for target in TARGETS {
        let folder = fs::read_dir(corpus.join(target.name)).expect("each target has a folder of seeds");
        let mut seeds = 0;
        for seed in folder {
            let path = seed.expect("it can be listed").path();
            println!("{}", path.display());
            target.check(&fs::read(&path).expect("it can be read"));
            seeds += 1;
        }
        assert!(seeds >= 5, "{} has {seeds} seeds", target.name);
    }
}
