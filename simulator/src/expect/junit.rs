// SPDX-License-Identifier: MIT OR Apache-2.0
//! The report that CI services read: a test case for each expectation.

use super::progress::Progress;

/// The report as XML.
pub fn report(all: &[Progress], seconds: f64) -> String {
    let failures = all
        .iter()
        .filter(|progress| progress.failure().is_some())
        .count();
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites><testsuite name=\"kpn-things-simulator expect\" tests=\"{}\" failures=\"{failures}\" \
         errors=\"0\" time=\"{seconds:.3}\">\n",
        all.len()
    );
    for progress in all {
        let device = progress
            .expectation
            .device
            .as_deref()
            .unwrap_or("any device");
        xml.push_str(&format!(
            "<testcase classname=\"{}\" name=\"{}\" time=\"{seconds:.3}\">",
            escaped(device),
            escaped(&progress.expectation.text)
        ));
        if let Some(failure) = progress.failure() {
            let transcript = progress.transcript().join("\n");
            xml.push_str(&format!(
                "<failure message=\"{}\">{}</failure>",
                escaped(&failure),
                escaped(&transcript)
            ));
        }
        xml.push_str("</testcase>\n");
    }
    xml.push_str("</testsuite></testsuites>\n");
    xml
}

/// A text in XML 1.0, which cannot represent most control characters.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#10;"),
            '\t' | '\r' => escaped.push(' '),
            c if c < ' ' || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::super::grammar::read;
    use super::*;

    #[test]
    fn escapes_what_xml_would_take_for_its_own() {
        assert_eq!(escaped("a<b>&\"\u{1}é"), "a&lt;b&gt;&amp;&quot;\u{fffd}é");
        let all = [Progress::new(read("any device a < 1").unwrap())];
        let xml = report(&all, 1.5);
        assert!(xml.contains("tests=\"1\" failures=\"1\""));
        assert!(xml.contains("name=\"any device a &lt; 1\""));
    }
}
