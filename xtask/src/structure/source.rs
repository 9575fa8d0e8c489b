//! The modules of a crate, with the names that each defines, imports and mentions.

use std::collections::BTreeMap;

use syn::{Attribute, Expr, ExprLit, Ident, Item, ItemMacro, ItemMod, Lit, Visibility};

use super::paths::{Import, Mention, Paths, collect, is_test, is_visible, lines};

/// Files of the repository by their paths in it.
pub(crate) type Sources = BTreeMap<String, String>;

/// A crate. Its root is the first file and the first module.
#[derive(Debug, Default)]
pub(crate) struct Crate {
    pub(crate) files: Vec<SourceFile>,
    pub(crate) modules: Vec<Module>,
}

#[derive(Debug)]
pub(crate) struct SourceFile {
    pub(crate) path: String,
    /// Lines of code: without blank lines, comments and tests.
    pub(crate) lines: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Module {
    /// Index of the module's file.
    pub(crate) file: usize,
    pub(crate) parent: Option<usize>,
    pub(crate) names: BTreeMap<String, Vec<Binding>>,
    pub(crate) globs: Vec<Import>,
    pub(crate) mentions: Vec<Mention>,
}

/// The meaning of a name in a module.
#[derive(Debug)]
pub(crate) struct Binding {
    pub(crate) meaning: Meaning,
    pub(crate) is_visible: bool,
}

/// Items and macros are given by the indices of the files that define them.
#[derive(Debug)]
pub(crate) enum Meaning {
    Item(usize),
    Macro(usize),
    Module(usize),
    Import(Vec<String>),
}

impl Crate {
    /// Reads the crate with this root file.
    ///
    /// `Err` says which file is missing or cannot be parsed.
    pub(crate) fn read(sources: &Sources, root: &str) -> Result<Crate, String> {
        let mut reader = Reader { sources, read: Crate::default() };
        reader.file(root, folder(root), None)?;
        Ok(reader.read)
    }

    pub(crate) fn path(&self, file: usize) -> &str {
        &self.files[file].path
    }
}

#[derive(Debug)]
struct Reader<'a> {
    sources: &'a Sources,
    read: Crate,
}

/// The folders in which the submodules of a module lie.
#[derive(Debug)]
struct Folders {
    /// Base of `#[path]`.
    beside: String,
    children: String,
}

impl Reader<'_> {
    fn file(&mut self, path: &str, children: String, parent: Option<usize>) -> Result<usize, String> {
        let source = self.sources.get(path).ok_or_else(|| format!("{path} is missing"))?;
        let parsed = syn::parse_file(source).map_err(|error| {
            let line = error.span().start().line;
            format!("{path}:{line} cannot be parsed: {error}")
        })?;
        let file = self.read.files.len();
        self.read.files.push(SourceFile { path: path.to_owned(), lines: 0 });
        let module = self.module(file, parent);
        if !is_test(&parsed.attrs) {
            let mut tests = Vec::new();
            self.items(module, &parsed.items, &Folders { beside: folder(path), children }, &mut tests)?;
            self.read.files[file].lines = code_lines(source, &tests);
        }
        Ok(module)
    }

    fn module(&mut self, file: usize, parent: Option<usize>) -> usize {
        self.read.modules.push(Module { file, parent, ..Module::default() });
        self.read.modules.len() - 1
    }

    fn items(
        &mut self,
        module: usize,
        items: &[Item],
        folders: &Folders,
        tests: &mut Vec<(usize, usize)>,
    ) -> Result<(), String> {
        for item in items {
            match item {
                Item::Mod(item) if is_test(&item.attrs) => tests.push(lines(item)),
                Item::Mod(item) => self.declaration(module, item, folders, tests)?,
                item => {
                    self.definition(module, item);
                    let found = collect(item);
                    tests.extend(&found.tests);
                    self.add(module, found);
                }
            }
        }
        Ok(())
    }

    /// Reads `mod x;` or `mod x { … }`.
    fn declaration(
        &mut self,
        parent: usize,
        item: &ItemMod,
        folders: &Folders,
        tests: &mut Vec<(usize, usize)>,
    ) -> Result<(), String> {
        let file = self.read.modules[parent].file;
        let name = item.ident.to_string();
        let children = format!("{}/{name}", folders.children);
        let module = if let Some((_, items)) = &item.content {
            let module = self.module(file, Some(parent));
            let folders = Folders { beside: children.clone(), children };
            self.items(module, items, &folders, tests)?;
            module
        } else if let Some(path) = path_attribute(&item.attrs) {
            let path = join(&folders.beside, &path);
            let children = folder(&path);
            self.file(&path, children, Some(parent))?
        } else {
            let own = format!("{children}.rs");
            let path = if self.sources.contains_key(&own) { own } else { format!("{children}/mod.rs") };
            self.file(&path, children, Some(parent)).map_err(|problem| {
                let line = lines(item).0;
                format!("{problem} (module of {}:{line})", self.read.path(file))
            })?
        };
        self.bind(parent, &name, Meaning::Module(module), is_visible(&item.vis));
        Ok(())
    }

    fn definition(&mut self, module: usize, item: &Item) {
        let file = self.read.modules[module].file;
        if let Item::Macro(ItemMacro { ident: Some(ident), attrs, .. }) = item {
            if !is_test(attrs) {
                // Other modules find an exported macro at the root.
                if attrs.iter().any(|attribute| attribute.path().is_ident("macro_export")) {
                    self.bind(0, &ident.to_string(), Meaning::Macro(file), true);
                }
                self.bind(module, &ident.to_string(), Meaning::Macro(file), false);
            }
        } else if let Some((attributes, visibility, ident)) = named(item)
            && !is_test(attributes)
        {
            self.bind(module, &ident.to_string(), Meaning::Item(file), is_visible(visibility));
        }
    }

    fn add(&mut self, module: usize, found: Paths) {
        for import in found.imports {
            match import.name.clone() {
                Some(name) => self.bind(module, &name, Meaning::Import(import.path), import.is_visible),
                None => self.read.modules[module].globs.push(import),
            }
        }
        self.read.modules[module].mentions.extend(found.mentions);
    }

    fn bind(&mut self, module: usize, name: &str, meaning: Meaning, is_visible: bool) {
        let name = name.trim_start_matches("r#").to_owned();
        self.read.modules[module].names.entry(name).or_default().push(Binding { meaning, is_visible });
    }
}

fn named(item: &Item) -> Option<(&[Attribute], &Visibility, &Ident)> {
    Some(match item {
        Item::Const(item) => (&item.attrs, &item.vis, &item.ident),
        Item::Enum(item) => (&item.attrs, &item.vis, &item.ident),
        Item::Fn(item) => (&item.attrs, &item.vis, &item.sig.ident),
        Item::Static(item) => (&item.attrs, &item.vis, &item.ident),
        Item::Struct(item) => (&item.attrs, &item.vis, &item.ident),
        Item::Trait(item) => (&item.attrs, &item.vis, &item.ident),
        Item::TraitAlias(item) => (&item.attrs, &item.vis, &item.ident),
        Item::Type(item) => (&item.attrs, &item.vis, &item.ident),
        Item::Union(item) => (&item.attrs, &item.vis, &item.ident),
        _ => return None,
    })
}

fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    let attribute = attributes.iter().find(|attribute| attribute.path().is_ident("path"))?;
    match &attribute.meta.require_name_value().ok()?.value {
        Expr::Lit(ExprLit { lit: Lit::Str(path), .. }) => Some(path.value()),
        _ => None,
    }
}

/// Returns the folder of a path, or an empty text for a file of the root.
pub(crate) fn folder(path: &str) -> String {
    path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned()
}

/// Returns where a path that is relative to a folder leads.
pub(crate) fn join(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn code_lines(source: &str, tests: &[(usize, usize)]) -> usize {
    let is_code = |(at, line): &(usize, &str)| {
        let line = line.trim_start();
        let is_in_test = tests.iter().any(|(first, last)| (*first..=*last).contains(&(at + 1)));
        !line.is_empty() && !line.starts_with("//") && !is_in_test
    };
    source.lines().enumerate().filter(is_code).count()
}
