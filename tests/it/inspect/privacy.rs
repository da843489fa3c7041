//! Nothing personal is in what the engine tells.

use puntual::Reminders;
use puntual::task::{Channel, TaskState};
use puntual::testing::{ScriptedNotifier, Step};

use super::stage::{Stage, phone, reminder};

#[tokio::test]
async fn no_address_body_or_data_is_in_an_answer() {
    let reply = "550 5.1.1 <jane.doe@example.com> unknown, see https://mx.example.com/k3y";
    let stage = Stage::with(
        ScriptedNotifier::new(Channel::EMAIL).then(Step::permanent(reply)),
        |builder| builder,
    );
    let data = serde_json::json!({ "diagnosis": "secret" });
    let reminder = reminder().data(&data).fallback(phone());
    let id = stage.scheduler.schedule(reminder).await.unwrap().id;
    let secrets = ["jane.doe", "example.com/k3y", "1701234", "4711", "diagnosis", "secret"];
    for at in ["2026-07-03T13:00:00Z", "2026-07-09T13:00:00Z"] {
        stage.work_at(at).await;
        let all = stage.scheduler.explain_subject(&super::stage::booking()).await.unwrap();
        let stats = stage.scheduler.stats().await.unwrap();
        let answers = [
            serde_json::to_string(&all).unwrap(),
            serde_json::to_string(&stats).unwrap(),
            all.iter().map(ToString::to_string).collect(),
            stats.to_string(),
            format!("{all:?}{stats:?}"),
        ];
        for secret in secrets {
            for answer in &answers {
                assert!(!answer.contains(secret), "{secret} is in {answer}");
            }
        }
    }
    let failed = stage.scheduler.explain(id).await.unwrap().unwrap();
    assert_eq!(failed.task.state, TaskState::Failed);
    assert!(failed.to_string().contains("550 5.1.1 <j***@e***.com> unknown"), "{failed}");
}
