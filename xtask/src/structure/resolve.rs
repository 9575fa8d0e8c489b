//! Resolves the paths of a crate to the files that define the items.
//!
//! It follows all re-exports.

use std::collections::BTreeMap;
use std::{iter, ptr};

use super::paths::{Kind, Mention};
use super::source::{Crate, Meaning, Module};

/// First import of each pair of files.
///
/// The keys are the indices of the importing and of the imported file.
pub(crate) type Imports = BTreeMap<(usize, usize), Import>;

/// Place of an import.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Import {
    pub(crate) line: usize,
    pub(crate) path: String,
}

/// Returns which files import which others.
///
/// A name that a module does not have, because a macro makes the item, counts as defined in the module's file.
pub(crate) fn imports(read: &Crate) -> Imports {
    let mut imports = Imports::new();
    for (at, module) in read.modules.iter().enumerate() {
        for mention in &module.mentions {
            let import = Import { line: mention.line, path: written(mention) };
            for file in files(read, at, mention).into_iter().filter(|file| *file != module.file) {
                let first = imports.entry((module.file, file)).or_insert_with(|| import.clone());
                if import < *first {
                    *first = import.clone();
                }
            }
        }
    }
    imports
}

/// The meaning of a path.
#[derive(Debug, Clone, Copy)]
enum Target {
    /// An item in a file.
    Item(usize),
    Module(usize),
    /// An item of another crate.
    Outside,
}

fn files(read: &Crate, module: usize, mention: &Mention) -> Vec<usize> {
    let mut resolver = Resolver { read, active: Vec::new() };
    if mention.kind == Kind::Macro {
        return resolver.macro_files(module, &mention.path[0]);
    }
    let mut files = Vec::new();
    for target in resolver.resolve(module, &mention.path) {
        match target {
            Target::Item(file) => files.push(file),
            Target::Module(named) if mention.kind == Kind::Glob => {
                files.extend(resolver.files_of_all(module, named));
            }
            // The items of an imported module count where a path names them.
            Target::Module(_) | Target::Outside => {}
        }
    }
    files
}

fn written(mention: &Mention) -> String {
    let path = mention.path.join("::");
    match mention.kind {
        Kind::Item => path,
        Kind::Glob => path + "::*",
        Kind::Macro => path + "!",
    }
}

#[derive(Debug)]
struct Resolver<'a> {
    read: &'a Crate,
    /// Imports that are being resolved.
    ///
    /// An import is not resolved within its own resolution.
    active: Vec<&'a [String]>,
}

impl<'a> Resolver<'a> {
    fn module(&self, module: usize) -> &'a Module {
        &self.read.modules[module]
    }

    fn resolve(&mut self, module: usize, path: &[String]) -> Vec<Target> {
        let Some((first, rest)) = path.split_first() else { return vec![Target::Module(module)] };
        let mut targets = match first.as_str() {
            "crate" => vec![Target::Module(0)],
            "self" => vec![Target::Module(module)],
            "super" => vec![Target::Module(self.module(module).parent.unwrap_or(0))],
            name => self.look_up(module, name, module),
        };
        if targets.is_empty() {
            targets.push(Target::Outside);
        }
        for name in rest {
            // A macro, function or constant may share the name of a module, and has nothing inside.
            if targets.iter().any(|target| matches!(target, Target::Module(_))) {
                targets.retain(|target| matches!(target, Target::Module(_)));
            }
            targets = targets.into_iter().flat_map(|target| self.descend(module, target, name)).collect();
        }
        targets
    }

    fn descend(&mut self, importer: usize, target: Target, name: &str) -> Vec<Target> {
        let Target::Module(module) = target else { return vec![target] };
        if name == "super" {
            return vec![Target::Module(self.module(module).parent.unwrap_or(0))];
        }
        let found = self.look_up(module, name, importer);
        if found.is_empty() { vec![Target::Item(self.module(module).file)] } else { found }
    }

    /// Finds a name in a module, if the importing module may see the name.
    fn look_up(&mut self, module: usize, name: &str, importer: usize) -> Vec<Target> {
        let mut found = Vec::new();
        for binding in self.module(module).names.get(name).into_iter().flatten() {
            if !binding.is_visible && !self.is_within(importer, module) {
                continue;
            }
            match &binding.meaning {
                Meaning::Item(file) | Meaning::Macro(file) => found.push(Target::Item(*file)),
                Meaning::Module(module) => found.push(Target::Module(*module)),
                Meaning::Import(path) => {
                    found = self.follow(module, path, found, |_, target| vec![target]);
                }
            }
        }
        if found.is_empty() {
            for glob in &self.module(module).globs {
                if glob.is_visible || self.is_within(importer, module) {
                    found = self.follow(module, &glob.path, found, |resolver, target| match target {
                        Target::Module(all) => resolver.look_up(all, name, module),
                        // The import of an enum's variants names its file already.
                        Target::Item(_) | Target::Outside => Vec::new(),
                    });
                }
            }
        }
        found
    }

    /// Resolves an import, and appends the results of `then` for its targets.
    fn follow<T>(
        &mut self,
        module: usize,
        path: &'a [String],
        mut found: Vec<T>,
        then: impl Fn(&mut Self, Target) -> Vec<T>,
    ) -> Vec<T> {
        if self.active.iter().any(|active| ptr::eq(*active, path)) {
            return found;
        }
        self.active.push(path);
        for target in self.resolve(module, path) {
            found.extend(then(self, target));
        }
        self.active.pop();
        found
    }

    /// Returns the files of all items that a glob imports.
    fn files_of_all(&mut self, importer: usize, module: usize) -> Vec<usize> {
        let mut files = Vec::new();
        for name in self.module(module).names.keys() {
            for target in self.look_up(module, name, importer) {
                if let Target::Item(file) = target {
                    files.push(file);
                }
            }
        }
        for glob in &self.module(module).globs {
            if glob.is_visible || self.is_within(importer, module) {
                files = self.follow(module, &glob.path, files, |resolver, target| match target {
                    Target::Module(all) => resolver.files_of_all(module, all),
                    Target::Item(file) => vec![file],
                    Target::Outside => Vec::new(),
                });
            }
        }
        files
    }

    /// Finds a macro by its bare name.
    ///
    /// The name is known in the macro's own module and in modules below.
    fn macro_files(&self, module: usize, name: &str) -> Vec<usize> {
        let modules = self.with_parents(module);
        let mut bindings =
            modules.flat_map(|module| self.module(module).names.get(name).into_iter().flatten());
        let found = bindings.find_map(|binding| match binding.meaning {
            Meaning::Macro(file) => Some(file),
            _ => None,
        });
        found.into_iter().collect()
    }

    fn is_within(&self, module: usize, outer: usize) -> bool {
        self.with_parents(module).any(|module| module == outer)
    }

    /// Returns a module, and all modules above it.
    fn with_parents(&self, module: usize) -> impl Iterator<Item = usize> {
        iter::successors(Some(module), |module| self.module(*module).parent)
    }
}
