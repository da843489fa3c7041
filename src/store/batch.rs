//! Batches in parts: what one statement takes, so that items which touch each other keep their
//! order.

use std::collections::HashSet;
use std::ops::Range;

use uuid::Uuid;

/// Cuts a batch into parts that one statement can take: at most `limit` items, and within a part
/// no id occurs in two items, so that a set of them has the effect of one after the other.
pub(super) fn parts<T, I>(items: &[T], limit: usize, ids: impl Fn(&T) -> I) -> Vec<Range<usize>>
where
    I: IntoIterator<Item = Uuid>,
{
    let mut parts = Vec::new();
    let mut seen = HashSet::new();
    let mut start = 0;
    for (at, item) in items.iter().enumerate() {
        let of_item: HashSet<Uuid> = ids(item).into_iter().collect();
        if at - start == limit || of_item.iter().any(|id| seen.contains(id)) {
            parts.push(start..at);
            start = at;
            seen.clear();
        }
        seen.extend(of_item);
    }
    if start < items.len() {
        parts.push(start..items.len());
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_ends_where_an_id_comes_again_or_the_statement_is_full() {
        let ids =
            |numbers: &[u128]| numbers.iter().map(|n| Uuid::from_u128(*n)).collect::<Vec<_>>();
        let cut = |items: &[Vec<Uuid>]| parts(items, 500, |item| item.clone());
        assert!(cut(&[]).is_empty());
        assert_eq!(cut(&[ids(&[1]), ids(&[2]), ids(&[1]), ids(&[2])]), [0..2, 2..4]);
        assert_eq!(cut(&[ids(&[1, 1]), ids(&[2, 1]), ids(&[3])]), [0..1, 1..3]);
        let many: Vec<_> = (0..501).map(|n| ids(&[n])).collect();
        assert_eq!(cut(&many), [0..500, 500..501]);
    }
}
