//! Pages by number, as the clients of Nordic ERPs turn them.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::api::problem::Answered;
use crate::api::request::Asked;

/// Things of one page at most.
const MOST: i64 = 100;
/// Pages that can be turned to: whoever reads more asks by time, or follows the events.
const MOST_PAGES: i64 = 10_000;

/// `page` and `per_page` of a query.
pub fn window(asked: &Asked) -> Answered<(i64, i64)> {
    const USUAL: i64 = 20;
    Ok((asked.number("page", 1..=MOST_PAGES, 1)?, asked.number("per_page", 1..=MOST, USUAL)?))
}

/// The headers by which the clients of Nordic ERPs turn pages.
pub fn paging(path: &str, asked: &Asked, page: i64, per_page: i64, total: i64) -> HeaderMap {
    let pages = total.div_euclid(per_page) + i64::from(total % per_page > 0);
    let (next, previous) = ((page < pages).then_some(page + 1), (page > 1).then_some(page - 1));
    let text = |page: Option<i64>| page.map_or_else(String::new, |page| page.to_string());
    let mut links = Vec::new();
    for (relation, page) in [("next", next), ("prev", previous), ("first", Some(1)), ("last", Some(pages.clamp(1, MOST_PAGES)))] {
        if let Some(page) = page {
            links.push(format!("<{path}?{}>; rel=\"{relation}\"", asked.turned_to(page, per_page)));
        }
    }
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("x-total", total.to_string()),
        ("x-total-pages", pages.to_string()),
        ("x-page", page.to_string()),
        ("x-per-page", per_page.to_string()),
        ("x-next-page", text(next)),
        ("x-prev-page", text(previous)),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_str(&value).unwrap_or(HeaderValue::from_static("")));
    }
    headers.insert(header::LINK, HeaderValue::from_str(&links.join(", ")).unwrap_or(HeaderValue::from_static("")));
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_told_by_headers() {
        let check = |page: i64, total: i64, expected: [&str; 4]| {
            let headers = paging("/v1/invoices", &Asked::default(), page, 20, total);
            let told =
                ["x-total-pages", "x-next-page", "x-prev-page", "x-total"].map(|name| headers[name].to_str().unwrap().to_owned());
            assert_eq!(told, expected, "page {page} of {total}");
        };
        check(1, 0, ["0", "", "", "0"]);
        check(1, 20, ["1", "", "", "20"]);
        check(1, 21, ["2", "2", "", "21"]);
        check(2, 21, ["2", "", "1", "21"]);
        check(9, 21, ["2", "", "8", "21"]);
    }
}
