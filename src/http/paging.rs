//! Pages of a list: `limit` and an opaque `cursor`, the key of the last item given, so that a list that changes between two
//! pages neither repeats nor skips what did not move.

use serde::{Deserialize, Serialize};

use super::problem::ApiProblem;

/// Items in a page when nothing is asked.
const DEFAULT: usize = 100;
/// Items in a page at the most.
const MOST: usize = 1000;

/// The paging parameters of a query.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Paging {
    limit: Option<usize>,
    cursor: Option<String>,
}

/// One page.
#[derive(Debug, Serialize)]
pub(super) struct Page<T> {
    /// Items of the page.
    pub(super) items: Vec<T>,
    /// What to give as `cursor` for the next page; `null` on the last.
    pub(super) next_cursor: Option<String>,
    /// Items of the whole list, after the filters.
    pub(super) total: usize,
}

impl Paging {
    /// From the parameters of a query.
    pub(super) const fn new(limit: Option<usize>, cursor: Option<String>) -> Self {
        Self { limit, cursor }
    }

    /// How many items.
    pub(super) fn limit(&self) -> Result<usize, ApiProblem> {
        match self.limit {
            None => Ok(DEFAULT),
            Some(limit) if (1..=MOST).contains(&limit) => Ok(limit),
            Some(_) => Err(ApiProblem::bad_request(format!("limit must be 1 to {MOST}"))),
        }
    }

    /// The key the page comes after.
    pub(super) fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// The page of a list that changes with the configuration only: its cursor is the number of items before it.
    pub(super) fn of<T>(&self, items: Vec<T>) -> Result<Page<T>, ApiProblem> {
        let (limit, total) = (self.limit()?, items.len());
        let start = match self.cursor() {
            None => 0,
            Some(cursor) => cursor.parse().map_err(|_| ApiProblem::bad_request("not a cursor"))?,
        };
        let next_cursor = total.checked_sub(limit).filter(|rest| start < *rest).map(|_| (start + limit).to_string());
        Ok(Page { items: items.into_iter().skip(start).take(limit).collect(), next_cursor, total })
    }

    /// Cuts the page out of a list. `key` names an item for the cursor.
    pub(super) fn cut<T, U>(
        &self,
        all: &[T],
        key: impl Fn(&T) -> String,
        show: impl Fn(&T) -> U,
    ) -> Result<Page<U>, ApiProblem> {
        let limit = self.limit()?;
        let start = match self.cursor() {
            None => 0,
            Some(cursor) => {
                let at = all.iter().position(|item| key(item) == cursor);
                at.ok_or_else(|| ApiProblem::bad_request("this cursor names nothing any more: begin again without it"))?
                    + 1
            }
        };
        let page = all.iter().skip(start).take(limit);
        let more = all.len() > start + limit;
        let next_cursor = if more { page.clone().last().map(&key) } else { None };
        Ok(Page { items: page.map(show).collect(), next_cursor, total: all.len() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_cover_the_list_once() {
        let all: Vec<u32> = (0..25).collect();
        let mut seen = Vec::new();
        let mut cursor = None;
        loop {
            let page = Paging { limit: Some(10), cursor }.cut(&all, u32::to_string, |item| *item).expect("a page");
            seen.extend(page.items);
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, all);
        assert!(Paging { limit: Some(0), cursor: None }.limit().is_err());
        assert!(Paging { limit: None, cursor: Some("x".into()) }.cut(&all, u32::to_string, |item| *item).is_err());
    }
}
