//! What the planner chose for a statement and what it cost: rows and pages, never durations.

use puntual::store::PostgresStore;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Executor, Row};

/// An executed plan, and what it is the plan of.
pub(super) struct Plan {
    name: String,
    root: Value,
}

impl Plan {
    /// Runs a statement of the store as a connection does that prepared it, and takes back what
    /// it did. `mode` says whether it is planned for these values or for all.
    pub(super) async fn of(
        store: &PostgresStore,
        mode: &str,
        name: &str,
        statement: &str,
        values: &str,
    ) -> Plan {
        let schema = store.schema().as_str();
        let statement = statement.replace("puntual.", &format!("{schema}."));
        let values = values.replace("{}", schema);
        let script = format!(
            "begin; set local plan_cache_mode = force_{mode}_plan; prepare {name} as {statement}"
        );
        let explain = format!("explain (analyze, buffers, format json) execute {name} ({values})");
        let mut connection = store.pool().acquire().await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(script)).execute(&mut *connection).await.unwrap();
        let row = connection.fetch_one(AssertSqlSafe(explain)).await.unwrap();
        let end = format!("rollback; deallocate {name}");
        sqlx::raw_sql(AssertSqlSafe(end)).execute(&mut *connection).await.unwrap();
        let text: String = row.get_unchecked(0);
        let root: Value = serde_json::from_str(&text).unwrap();
        Plan { name: format!("{name}, {mode} plan"), root: root[0]["Plan"].clone() }
    }

    /// Rows are found by these indexes of a table and in no other way, and at most so many are
    /// looked at in vain and so many pages read.
    #[track_caller]
    pub(super) fn ranges(&self, table: &str, indexes: &[&str], in_vain: u64, pages: u64) -> &Self {
        let (name, plan) = (&self.name, &self.root);
        let mut used = Vec::new();
        self.visit(&mut |node| {
            let whole = node["Node Type"] == "Seq Scan" && node["Relation Name"] == table;
            assert!(!whole, "{name} reads all of {table}: {plan:#}");
            let index = node["Index Name"].as_str().unwrap_or_default();
            if index.starts_with(&format!("{table}_")) {
                used.push(index.to_owned());
            }
        });
        used.sort_unstable();
        used.dedup();
        assert_eq!(used, indexes, "{name}: the indexes of {table}: {plan:#}");
        let removed = self.rows_in_vain();
        assert!(removed <= in_vain, "{name}: {removed} rows looked at in vain: {plan:#}");
        let read = self.pages();
        assert!(read <= pages, "{name}: {read} pages read: {plan:#}");
        self
    }

    /// The planner's own figure, from which on it would compile the plan each time it is run.
    pub(super) fn cost(&self) -> f64 {
        self.root["Total Cost"].as_f64().unwrap()
    }

    /// Pages that were looked at, in memory or not.
    pub(super) fn pages(&self) -> u64 {
        let all = |node: &Value| {
            let of = |key| node[key].as_u64().unwrap_or_default();
            of("Shared Hit Blocks") + of("Shared Read Blocks")
        };
        let mut most = 0;
        self.visit(&mut |node| most = most.max(all(node)));
        most
    }

    /// Rows that a filter refused, or that an index could not tell.
    fn rows_in_vain(&self) -> u64 {
        let mut rows = 0.0;
        self.visit(&mut |node| {
            let loops = node["Actual Loops"].as_f64().unwrap_or_default();
            for why in ["Rows Removed by Filter", "Rows Removed by Index Recheck"] {
                rows += loops * node[why].as_f64().unwrap_or_default();
            }
        });
        rows as u64
    }

    fn visit(&self, see: &mut dyn FnMut(&Value)) {
        fn visit(node: &Value, see: &mut dyn FnMut(&Value)) {
            see(node);
            for part in node["Plans"].as_array().into_iter().flatten() {
                visit(part, see);
            }
        }
        visit(&self.root, see);
    }
}
