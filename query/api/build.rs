//! Embeds the built page: every file of `ui/dist`, compressed once, with its type and a tag of its content.
//!
//! Where the page was not built, a file that says how stands in for it.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

const NOT_BUILT: &str = "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Spanlake</title>\n\
<h1>Spanlake runs; its page was not built into it</h1>\n\
<p>Build the page with <code>make ui</code> (or <code>cd ui &amp;&amp; npm ci &amp;&amp; npm run build</code>), then the server again.\n\
<p>The API answers all the same, see <code>docs/api.md</code>.</html>\n";

fn main() {
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let here = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    let dist = Path::new(&here).join("../../ui/dist");
    // Cargo runs this again at every build while a watched folder is missing.
    let _ = std::fs::create_dir_all(&dist);
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", dist.display());
    let mut files = Vec::new();
    collect(&dist, &dist, &mut files);
    if !files.iter().any(|(path, _)| path == "index.html") {
        files = vec![("index.html".to_owned(), NOT_BUILT.as_bytes().to_vec())];
    }
    files.sort();
    let mut code = String::from("static FILES: &[File] = &[\n");
    for (index, (path, bytes)) in files.iter().enumerate() {
        let packed = gzip(bytes);
        let gzip = if packed.len() < bytes.len() {
            write(&out.join(format!("{index}.gz")), &packed);
            format!("Some(include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{index}.gz\")))")
        } else {
            "None".to_owned()
        };
        write(&out.join(format!("{index}.raw")), bytes);
        let tag = xxhash_rust::xxh3::xxh3_128(bytes);
        let _ = writeln!(
            code,
            "    File {{ path: {path:?}, content_type: {:?}, tag: \"W/\\\"{tag:032x}\\\"\", \
             plain: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{index}.raw\")), gzip: {gzip} }},",
            content_type(path)
        );
    }
    code.push_str("];\n");
    write(&out.join("page_files.rs"), code.as_bytes());
}

fn write(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, Vec<u8>)>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.filter_map(|entry| entry.ok().map(|entry| entry.path())) {
        if path.is_dir() {
            collect(root, &path, files);
        } else if let (Ok(relative), Ok(bytes)) = (path.strip_prefix(root), std::fs::read(&path)) {
            files.push((relative.to_string_lossy().replace('\\', "/"), bytes));
        }
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("compressing into memory does not fail")
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
