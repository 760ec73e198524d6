// SPDX-License-Identifier: MIT OR Apache-2.0
//! The units of the SenML registry: RFC 8428 section 12.1, RFC 8798 sections 2 and 3, later ones.

use std::collections::HashSet;
use std::sync::LazyLock;

const UNITS: &str = "\
m kg g s A K cd mol Hz rad sr N Pa J W C V F Ohm S Wb T H Cel lm lx Bq Gy Sv kat m2 m3 l m/s m/s2 \
m3/s l/s W/m2 cd/m2 bit bit/s lat lon pH dB dBW Bspl count / % %RH %EL EL 1/s 1/min beat/min beats \
S/m B VA VAs var vars J/m kg/m3 deg NTU \
ms min h MHz kW kVA kvar Ah Wh kWh varh kvarh kVAh Wh/km KiB GB Mbit/s B/s MB/s mV mA dBm ug/m3 \
mm/h m/h ppm /100 /1000 hPa mm cm km km/h \
ppb ppt VAh mg/l ug/l g/l";

/// Whether `unit` is registered.
pub fn is_registered(unit: &str) -> bool {
    static KNOWN: LazyLock<HashSet<&str>> = LazyLock::new(|| UNITS.split(' ').collect());
    KNOWN.contains(unit)
}

/// The registered unit that `unit` was probably meant to be.
pub fn similar(unit: &str) -> Option<&'static str> {
    let meant = match unit {
        "C" | "°C" | "degC" | "celsius" | "Celsius" => "Cel",
        "Ω" | "ohm" => "Ohm",
        "°" => "deg",
        "lux" => "lx",
        "sec" | "seconds" => "s",
        _ => {
            return UNITS
                .split(' ')
                .find(|known| known.eq_ignore_ascii_case(unit));
        }
    };
    Some(meant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_units_and_what_was_meant() {
        assert!(is_registered("Cel") && is_registered("/") && is_registered("ppm"));
        assert!(!is_registered("°C") && !is_registered("") && !is_registered("Cel "));
        assert_eq!(similar("°C"), Some("Cel"));
        assert_eq!(similar("hz"), Some("Hz"));
        assert_eq!(similar("furlong"), None);
    }
}
