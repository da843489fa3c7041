//! Clause 13: recording a failure cannot fail on the text of the failure.

use super::bench::{Bench, at, due, now, written};
use crate::task::{Limits, SafeText, TaskState};
use crate::testing::change;

pub(super) async fn any_text_of_a_failure_can_be_recorded(bench: &Bench) {
    let texts = [
        String::new(),
        "🦀".repeat(Limits::ERROR_TEXT * 3),
        "nul \0, bell \u{7}, escape \u{1b}[31m, turn \u{202e}around".to_owned(),
        r#"'; drop table tasks; -- " \' \x00 $1 %s {0}"#.to_owned(),
        "line\r\nline\u{2028}line\u{85}".to_owned(),
        "\u{fffd}\u{10ffff}\u{d7ff}\u{e000}".to_owned(),
    ];
    for text in &texts {
        let row = bench.stored(due(0)).await;
        let mut failed = change(&row).to(TaskState::Failed).last_error(text.clone()).build();
        failed.entry.code = Some(text.as_str().into());
        failed.entry.detail = Some(text.as_str().into());
        failed.entry.provider_id = Some(text.as_str().into());
        let outcomes = bench.apply(at(1), std::slice::from_ref(&failed)).await;
        assert_eq!(written(&outcomes), row.revision.next(), "{text:?}");
        assert_eq!(bench.row(row.id).await.last_error, Some(SafeText::new(text)));
        let told = bench.history_of(row.id).await;
        assert_eq!(told.last().map(|stored| &stored.entry), Some(&failed.entry));
        assert_eq!(told.last().map(|stored| stored.entry.at), Some(now()));
    }
}
