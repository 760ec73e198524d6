// SPDX-License-Identifier: MIT OR Apache-2.0
//! The progress of an expectation, message by message.

use super::grammar::{Expectation, Operator, Step, Value, Values, What};
use crate::model::device::key;
use crate::model::event::{Event, Kind};
use crate::model::history::is_named;
use crate::model::senml::{self, Resolved};

/// An expectation being tracked.
#[derive(Debug)]
pub struct Progress {
    /// What is expected.
    pub expectation: Expectation,
    /// The next step.
    step: usize,
    /// How often it has happened.
    count: usize,
    /// The number of the message that broke it, and the step that must not happen.
    broken: Option<(u64, usize)>,
    /// What arrived from the device.
    transcript: Vec<String>,
}

/// Its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// All steps have happened; if the last step is a `never`, it has held so far.
    Met,
    /// Steps are missing.
    Waits,
    /// What must not happen has happened.
    Broken,
}

impl Progress {
    /// Nothing has arrived yet.
    pub const fn new(expectation: Expectation) -> Self {
        Self {
            expectation,
            step: 0,
            count: 0,
            broken: None,
            transcript: Vec::new(),
        }
    }

    /// Its state.
    pub fn state(&self) -> State {
        if self.broken.is_some() {
            return State::Broken;
        }
        match self.wanted() {
            None => State::Met,
            Some(_) => State::Waits,
        }
    }

    /// Whether nothing more can change it. If the last step is a `never`, that is only at the end of the time.
    pub fn is_final(&self) -> bool {
        let watched = self.expectation.steps.last().is_some_and(|step| step.never);
        match self.state() {
            State::Met => !watched,
            State::Waits => false,
            State::Broken => true,
        }
    }

    /// The next step that has to happen.
    fn wanted(&self) -> Option<&Step> {
        let steps = self.expectation.steps.iter().skip(self.step);
        steps.into_iter().find(|step| !step.never)
    }

    /// A message arrived. Consecutive steps are each met by a separate message.
    pub fn take(&mut self, event: &Event) {
        let device = event.device.as_deref().map(key);
        let wanted = self.expectation.device.as_deref();
        if event.kind != Kind::Message || (wanted.is_some() && device != wanted) {
            return;
        }
        self.transcript.push(line(event));
        if self.is_final() {
            return;
        }
        // What must not happen from here on: `never` steps before the next one, and all that were passed.
        while self
            .expectation
            .steps
            .get(self.step)
            .is_some_and(|step| step.never)
        {
            self.step += 1;
        }
        let passed = self.expectation.steps.iter().take(self.step);
        let broken = passed
            .enumerate()
            .find(|(_, step)| step.never && times_in(&step.what, event) > 0);
        if let Some((step, _)) = broken {
            self.broken = Some((event.number, step));
            return;
        }
        if let Some(step) = self.expectation.steps.get(self.step) {
            self.count += times_in(&step.what, event);
            if self.count >= step.times {
                self.step += 1;
                self.count = 0;
            }
        }
    }

    /// Why it is not met; `None` if it is.
    pub fn failure(&self) -> Option<String> {
        if let Some((number, step)) = self.broken {
            let step = self.expectation.steps.get(step)?;
            return Some(format!("`{}` is broken by message {number}", step.text));
        }
        let step = self.wanted()?;
        let all = self.expectation.steps.len();
        let place = self
            .expectation
            .steps
            .iter()
            .position(|other| other == step)?
            + 1;
        Some(format!(
            "step {place} of {all}, `{}`: {} of {} came",
            step.text, self.count, step.times
        ))
    }

    /// What arrived, one line per message.
    pub fn transcript(&self) -> &[String] {
        &self.transcript
    }
}

/// How often something happens in a message.
fn times_in(what: &What, event: &Event) -> usize {
    let matching = |records: &[Resolved], values: &Values| {
        let records = records.iter();
        records.filter(|record| is_met(values, record)).count()
    };
    match what {
        What::Refused => usize::from(!event.accepted),
        What::Sends(values) => matching(&event.records, values),
        What::Gets(values) => event.downlink.as_deref().map_or(0, |downlink| {
            let pack = senml::parse(downlink.as_bytes()).unwrap_or_default();
            matching(&senml::check(&pack, event.time).records, values)
        }),
    }
}

fn is_met(values: &Values, record: &Resolved) -> bool {
    if !is_named(record, &values.name) {
        return false;
    }
    let Some((operator, wanted)) = &values.compared else {
        return true;
    };
    let got = record.value.as_ref();
    let order = match (got, wanted) {
        (Some(senml::Value::Number(got)), Value::Number(wanted)) => got.partial_cmp(wanted),
        (Some(senml::Value::Bool(got)), Value::Bool(wanted)) => Some(got.cmp(wanted)),
        (Some(senml::Value::Text(got)), Value::Text(wanted)) => Some(got.cmp(wanted)),
        // A different type: not equal, and neither more nor less.
        _ => return *operator == Operator::NotEqual,
    };
    order.is_some_and(|order| match operator {
        Operator::Equal => order.is_eq(),
        Operator::NotEqual => order.is_ne(),
        Operator::Less => order.is_lt(),
        Operator::LessOrEqual => order.is_le(),
        Operator::Greater => order.is_gt(),
        Operator::GreaterOrEqual => order.is_ge(),
    })
}

/// One message on one line.
fn line(event: &Event) -> String {
    let status = event
        .status
        .map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    let mut parts = vec![format!("message {}: {status}", event.number)];
    parts.extend(
        event
            .reason
            .iter()
            .map(|reason| format!("refused, {reason}")),
    );
    parts.extend(event.records.iter().map(|record| {
        let json = serde_json::to_value(record).unwrap_or_default();
        let value = ["v", "vs", "vb", "vd", "s"]
            .into_iter()
            .find_map(|label| json.get(label));
        let value = value.map(ToString::to_string).unwrap_or_default();
        let unit = record.unit.as_deref().unwrap_or_default();
        format!("{} {value} {unit}", record.name)
            .trim_end()
            .to_owned()
    }));
    parts.extend(
        event
            .downlink
            .iter()
            .map(|downlink| format!("downlink {downlink}")),
    );
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::super::grammar::read;
    use super::*;

    const URN: &str = "urn:dev:IMEI:1";

    fn event(number: u64, pack: &str, downlink: Option<&str>) -> Event {
        let text = format!(r#"[{{"bn":"{URN}:"}},{pack}]"#);
        let checked = senml::check(&senml::parse(text.as_bytes()).unwrap(), 0.0);
        Event {
            number,
            device: Some(format!("{URN}:")),
            accepted: checked.problems.is_empty(),
            reason: checked
                .problems
                .first()
                .map(|problem| problem.sentence.clone()),
            records: checked.records,
            downlink: downlink.map(str::to_owned),
            status: Some(202),
            ..Event::default()
        }
    }

    /// The states after each message.
    fn states(text: &str, packs: &[&str]) -> Vec<State> {
        let mut progress = Progress::new(read(text).unwrap());
        let states = packs.iter().enumerate().map(|(number, pack)| {
            progress.take(&event(number as u64 + 1, pack, None));
            progress.state()
        });
        states.collect()
    }

    const WARM: &str = r#"{"n":"temperature","v":20.5}"#;
    const COLD: &str = r#"{"n":"temperature","v":2}"#;
    const VERSION: &str = r#"{"n":"firmware","vs":"1.1.0"}"#;

    #[test]
    fn goes_from_step_to_step() {
        use State::{Met, Waits};
        let text =
            format!(r#"device {URN} sends temperature > 20 twice, then firmware == "1.1.0""#);
        // The version counts only after the second warm message.
        assert_eq!(
            states(&text, &[VERSION, WARM, COLD, VERSION, WARM, VERSION]),
            [Waits, Waits, Waits, Waits, Waits, Met]
        );
        let both = format!("{WARM},{WARM}");
        assert_eq!(states(&text, &[&both, VERSION]), [Waits, Met]);
        assert_eq!(
            states("device urn:dev:IMEI:2 temperature", &[WARM]),
            [Waits]
        );
        assert_eq!(states("any device temperature", &[WARM]), [Met]);
    }

    #[test]
    fn compares_values_of_the_same_type() {
        for (step, pack, met) in [
            ("a == 1", r#"{"n":"a","v":1}"#, true),
            ("a != 1", r#"{"n":"a","v":1}"#, false),
            ("a != 1", r#"{"n":"a","vs":"1"}"#, true),
            ("a == 1", r#"{"n":"a","vs":"1"}"#, false),
            ("a < 1", r#"{"n":"a","v":0.5}"#, true),
            ("a <= 1", r#"{"n":"a","v":1}"#, true),
            ("a >= 1", r#"{"n":"a","v":0.5}"#, false),
            ("a == true", r#"{"n":"a","vb":true}"#, true),
            ("a == false", r#"{"n":"a","vb":true}"#, false),
            (r#"a == "x""#, r#"{"n":"a","vs":"x"}"#, true),
            ("a", r#"{"n":"a","s":1}"#, true),
            ("a == 1", r#"{"n":"a","s":1}"#, false),
            ("urn:dev:IMEI:1:a", r#"{"n":"a","v":1}"#, true),
            ("a", r#"{"n":"ba","v":1}"#, false),
            ("is refused", r#"{"n":"?","v":1}"#, true),
            ("is refused", r#"{"n":"a","v":1}"#, false),
        ] {
            let wanted = if met { State::Met } else { State::Waits };
            assert_eq!(
                states(&format!("any device {step}"), &[pack]),
                [wanted],
                "{step} {pack}"
            );
        }
    }

    #[test]
    fn never_holds_from_its_place_on() {
        use State::{Broken, Met, Waits};
        let text = "any device never temperature < 5, then firmware";
        assert_eq!(states(text, &[WARM, VERSION]), [Waits, Met]);
        assert_eq!(
            states(text, &[WARM, COLD, VERSION]),
            [Waits, Broken, Broken]
        );
        let text = "any device firmware, then never temperature < 5";
        assert_eq!(
            states(text, &[COLD, VERSION, WARM, COLD]),
            [Waits, Met, Met, Broken]
        );
        let mut progress = Progress::new(read(text).unwrap());
        progress.take(&event(1, VERSION, None));
        assert!(!progress.is_final());
        progress.take(&event(2, COLD, None));
        assert!(progress.is_final());
        assert_eq!(
            progress.failure().unwrap(),
            "`never temperature < 5` is broken by message 2"
        );
    }

    #[test]
    fn looks_into_downlinks() {
        let mut progress = Progress::new(read("any device gets valve == true").unwrap());
        progress.take(&event(1, WARM, Some("hello")));
        progress.take(&event(2, WARM, Some(r#"[{"n":"valve","vb":false}]"#)));
        assert_eq!(progress.state(), State::Waits);
        progress.take(&event(
            3,
            WARM,
            Some(r#"[{"bn":"x:"},{"n":"valve","vb":true}]"#),
        ));
        assert_eq!(progress.state(), State::Met);
    }

    #[test]
    fn says_what_is_missing_and_what_came() {
        let mut progress =
            Progress::new(read("any device temperature twice, then firmware").unwrap());
        progress.take(&event(1, WARM, None));
        assert_eq!(
            progress.failure().unwrap(),
            "step 1 of 2, `temperature twice`: 1 of 2 came"
        );
        assert_eq!(
            progress.transcript(),
            ["message 1: 202; urn:dev:IMEI:1:temperature 20.5"]
        );
    }
}
