//! Every statement finds its rows in the way that its comment says.

use sqlx::{AssertSqlSafe, Row};

use super::Files;

/// Reads of a whole table that a comment admits to.
const ADMITTED: &[&str] = &["by no index", "all of it", "until enough is found", "in its order"];

#[tokio::test]
async fn statements_use_the_index_that_they_name() {
    let files = Files::new();
    let store = files.store().await;
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/sqlite/sql");
    let mut looked_at = 0;
    let mut findings = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let comment: String = text.lines().filter(|line| line.starts_with("--")).collect();
        let comment = comment.replace("--", " ");
        let plan: Vec<String> = sqlx::query(AssertSqlSafe(format!("explain query plan {text}")))
            .fetch_all(store.pool())
            .await
            .unwrap()
            .iter()
            .map(|row| row.get::<String, _>("detail"))
            .collect();
        let plan = plan.join("; ");
        let admitted = ADMITTED.iter().any(|word| comment.to_lowercase().contains(word));
        let scans = ["SCAN puntual_", "SCAN t", "SCAN h"].iter().any(|scan| plan.contains(scan));
        if scans && !admitted {
            findings.push(format!("{name} reads a whole table: {plan}"));
        }
        let named = comment.split_whitespace().filter(|word| word.starts_with("puntual_"));
        for index in named.map(|word| word.trim_end_matches([',', ':', ';', '.'])) {
            let is_index = ["_key", "_subject", "_person", "_wake", "_task", "_at"]
                .iter()
                .any(|end| index.ends_with(end));
            if is_index && !comment.contains("Conflicts are found") && !plan.contains(index) {
                findings.push(format!("{name} does not use {index}: {plan}"));
            }
        }
        looked_at += 1;
    }
    assert!(looked_at > 30, "only {looked_at} statements were looked at");
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}
