// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tests of the platform without its interfaces.

use super::event::Part;
use super::*;

const URN: &str = "urn:dev:IMEI:1";
const SECRET: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCD";

fn model() -> Model {
    let mut model = Model::default();
    let secret = Some(SECRET.to_owned());
    assert_eq!(model.register(URN, secret), Ok(true));
    model
}

fn queue(model: &mut Model, body: &'static str) -> u64 {
    model
        .queue(URN, Bytes::from_static(body.as_bytes()))
        .unwrap()
}

fn state(model: &Model, id: u64) -> State {
    let device = model.devices().find(URN).unwrap();
    device.downlink(id).unwrap().state
}

#[test]
fn each_change_is_noted_once() {
    let mut model = model();
    let id = queue(&mut model, "a");
    let handout = model.hand_out(URN).unwrap();
    model.delivered(&handout);
    assert_eq!(model.hand_out(URN), None);
    model.record(Event::default());
    let downlink = || Note::Downlink(URN.to_owned(), id);
    let notes = [
        Note::Device(URN.to_owned()),
        downlink(),
        downlink(),
        downlink(),
        Note::Message(1),
    ];
    assert_eq!(model.take_notes(), notes);
    assert_eq!(model.take_notes(), []);
    let (feed, last) = model.feed_after(3);
    assert_eq!(last, 5);
    assert_eq!(feed, [(4, downlink()), (5, Note::Message(1))]);
    model.forget();
    assert_eq!(model.take_notes(), [Note::Forgotten(1)]);
    assert!(model.feed_after(last).0.is_empty());
}

#[test]
fn only_what_waits_can_be_taken_back() {
    let mut model = model();
    let (first, second) = (queue(&mut model, "a"), queue(&mut model, "b"));
    model.hand_out(URN).unwrap();
    assert!(matches!(
        model.cancel(URN, first),
        Err(Refusal::Conflict(_))
    ));
    assert_eq!(model.cancel(URN, second), Ok(()));
    assert_eq!(state(&model, second), State::Cancelled);
    assert!(matches!(model.cancel(URN, 9), Err(Refusal::Unknown(_))));
    assert!(matches!(model.cancel("x", 1), Err(Refusal::Unknown(_))));
    assert!(matches!(model.remove("x"), Err(Refusal::Unknown(_))));
    assert!(matches!(model.register(":", None), Err(Refusal::Wrong(_))));
    assert!(matches!(
        model.register("x", Some(String::new())),
        Err(Refusal::Wrong(_))
    ));
}

#[test]
fn secrets_are_blotted_out_of_messages_those_of_earlier_too() {
    let mut model = model();
    model
        .register(URN, Some("another-secret".to_owned()))
        .unwrap();
    let text = format!("{SECRET} another-secret");
    let event = model.record(Event {
        path: text.clone(),
        body: text.clone(),
        reasons: vec![text.clone()],
        notes: vec![text.clone()],
        reason: Some(text.clone()),
        device: Some(text.clone()),
        downlink: Some(text.clone()),
        request: text.clone().into_bytes(),
        ..Event::default()
    });
    let json = serde_json::to_string(&*event).unwrap();
    assert!(!json.contains(SECRET) && !json.contains("another-secret"));
    assert_eq!(
        event.request,
        "*".repeat(40)
            .into_bytes()
            .into_iter()
            .chain([b' '])
            .chain([b'*'; 14])
            .collect::<Vec<_>>()
    );
}

#[test]
fn an_event_reads_back_as_it_was_written() {
    let event = Event {
        request: vec![0, 255],
        records: vec![senml::Resolved {
            name: "a:b".to_owned(),
            unit: Some("Cel".to_owned()),
            value: Some(senml::Value::Data(vec![1, 2, 3])),
            sum: Some(1.5),
            time: 0.1,
            update_time: None,
        }],
        ..Event::default()
    };
    let json = serde_json::to_string(&event).unwrap();
    let again: Event = serde_json::from_str(&json).unwrap();
    assert_eq!(again.records, event.records);
    assert_eq!(serde_json::to_string(&again).unwrap(), json);
}

#[test]
fn progress_of_an_image_follows_its_parts() {
    let mut model = model();
    let progress = Progress::new(URN.to_owned(), "/f".to_owned(), 1);
    let id = model.offer("v2", 100, String::new(), vec![progress]);
    let part = |path: &str, accepted| Event {
        kind: Kind::Part,
        path: path.to_owned(),
        accepted,
        part: Some(Part {
            offset: 0,
            length: 60,
            size: 100,
        }),
        ..Event::default()
    };
    for (path, accepted, received) in [("/g", true, 0), ("/f", false, 0), ("/f", true, 60)] {
        model.record(part(path, accepted));
        assert_eq!(model.campaign(id).unwrap().devices[0].received, received);
    }
}

#[test]
fn another_run_sends_nothing_twice() {
    let downlink = |id, state| Downlink {
        id,
        body: Bytes::from(format!("{id}")),
        state,
    };
    let kept = Kept {
        devices: vec![(URN.to_owned(), Some(SECRET.to_owned()), 7)],
        downlinks: vec![
            (URN.to_owned(), downlink(1, State::Delivered)),
            (URN.to_owned(), downlink(2, State::Executing)),
            (URN.to_owned(), downlink(3, State::Pending)),
        ],
        events: vec![Event {
            number: 5,
            device: Some(format!("{URN}:")),
            ..Event::default()
        }],
        last_message: 4,
        last_downlink: 9,
        ..Kept::default()
    };
    let mut model = Model::default();
    model.restore(kept);
    assert_eq!(state(&model, 2), State::Failed);
    assert_eq!(model.take_notes(), [Note::Downlink(URN.to_owned(), 2)]);
    assert_eq!(model.devices().find(URN).unwrap().messages, 7);
    assert_eq!(model.hand_out(URN).unwrap().id, 3);
    // What an earlier run has queued is not queued again by the same command line.
    for (body, id) in [("1", 9), ("new", 10), ("new", 11)] {
        model
            .queue_once(URN, Bytes::from_static(body.as_bytes()))
            .unwrap();
        assert_eq!(model.devices().last(), id);
    }
    assert_eq!(model.record(Event::default()).number, 6);
}

#[test]
fn a_downlink_is_a_pack() {
    for good in [
        r#"[{"n":"a","v":1}]"#,
        r#"[{"bn":"urn:dev:IMEI:1:"},{"n":"a","vb":true}]"#,
        r#" [{"bn":"urn:dev:IMEI:1:","n":"a","vs":"x"}] "#,
    ] {
        assert_eq!(check_downlink(good.as_bytes()), Ok(()), "{good}");
    }
    for wrong in [
        "",
        "hello",
        "[]",
        "{}",
        "[{}]",
        r#"[{"n":"a"}]"#,
        r#"[{"n":"a","v":1}]x"#,
        r#"[{"n":"?","v":1}]"#,
    ] {
        assert!(
            matches!(check_downlink(wrong.as_bytes()), Err(Refusal::Wrong(_))),
            "{wrong}"
        );
    }
}

/// The model is self-contained: its sources name no interface, clock or file.
#[test]
fn has_no_input_and_no_output() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/model");
    let mut folders = vec![std::path::PathBuf::from(folder)];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.ends_with("model/tests.rs") {
                continue;
            }
            files += 1;
            let text = std::fs::read_to_string(&path).unwrap();
            for word in [
                "crate::",
                "std::fs",
                "std::net",
                "std::io",
                "SystemTime",
                "Instant",
                "tokio",
                "tracing",
            ] {
                for line in text.lines().filter(|line| line.contains(word)) {
                    assert!(line.contains("crate::model"), "{}: {line}", path.display());
                }
            }
        }
    }
    assert!(files > 10, "{files}");
}
