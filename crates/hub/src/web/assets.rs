//! The files that pages load: one style sheet, the script that makes pages smoother, a picture for the tab. They are part of the
//! program. Their addresses hold their digest, so that browsers keep them for a year and never an old one.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::vault::sha256;

/// A file: its name, media type and bytes.
struct Asset {
    name: &'static str,
    media_type: &'static str,
    bytes: &'static [u8],
    digest: String,
}

/// Digits of the digest that an address holds: enough to tell two versions apart.
const DIGITS: usize = 12;

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    let asset = |name, media_type, bytes: &'static [u8]| Asset {
        name,
        media_type,
        bytes,
        digest: sha256(bytes).chars().take(DIGITS).collect(),
    };
    vec![
        asset("style.css", "text/css; charset=utf-8", include_bytes!("../../assets/style.css")),
        asset("kvitt.js", "text/javascript; charset=utf-8", include_bytes!("../../assets/kvitt.js")),
        asset("htmx.min.js", "text/javascript; charset=utf-8", include_bytes!("../../assets/htmx.min.js")),
        asset("kvitt.svg", "image/svg+xml", include_bytes!("../../assets/kvitt.svg")),
    ]
});

/// The address of a file.
pub fn address(name: &str) -> String {
    let digest = ASSETS.iter().find(|asset| asset.name == name).map_or("none", |asset| asset.digest.as_str());
    format!("/assets/{digest}/{name}")
}

/// A file. An older address leads to the file of now, which is not kept under it.
pub async fn get(Path((digest, name)): Path<(String, String)>) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) else {
        return (StatusCode::NOT_FOUND, "There is no such file.\n").into_response();
    };
    let cache = if digest == asset.digest { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // A picture opened by itself runs nothing.
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'"));
    (headers, asset.bytes).into_response()
}
