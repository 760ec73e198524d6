// SPDX-License-Identifier: MIT OR Apache-2.0
//! The names that KPN Things knows, with their units; any other name may be sent as well.
//!
//! Sources: KPN's documentation, and the table of its Device SDK for the indices.
// The constants here and the macros of the C header are both made from this one list. `build.rs` includes this file by its path, so it uses
// nothing of the crate.
#![forbid(unsafe_code)]

/// Name and unit of a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Name<'a> {
    /// SenML name; those of KPN Things are in lowerCamelCase.
    pub name: &'a str,
    /// SenML unit, if the measurement has one.
    pub unit: Option<&'a str>,
}

impl<'a> Name<'a> {
    /// A custom name, without a unit.
    ///
    /// ```
    /// use kpn_things::{Name, units};
    ///
    /// const DEPTH: Name = Name::new("depth").with_unit(units::METER);
    /// assert_eq!(DEPTH.unit, Some("m"));
    /// ```
    pub const fn new(name: &'a str) -> Self {
        Self { name, unit: None }
    }

    /// The same with a unit, such as one of [`units`](crate::units).
    #[must_use]
    pub const fn with_unit(self, unit: &'a str) -> Self {
        let unit = Some(unit);
        Self { unit, ..self }
    }
}

/// A name that KPN Things knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Known {
    /// Name of the constant: `BATTERY_LEVEL` here, `KPN_BATTERY_LEVEL` in C.
    pub ident: &'static str,
    /// Name and unit.
    pub name: Name<'static>,
    /// `ThingsML` index, for translating packs of `LoRa` devices; this library never sends it.
    pub index: Option<i8>,
    /// One line for the documentation.
    pub doc: &'static str,
}

macro_rules! names {
    ($list:ident: $list_doc:literal; $($ident:ident, $name:literal, $unit:expr, $index:expr, $doc:literal;)*) => {
        $(
            #[doc = $doc]
            pub const $ident: Name<'static> = Name {
                name: $name,
                unit: $unit,
            };
        )*

        #[doc = $list_doc]
        pub const $list: &[Known] = &[
            $(Known { ident: stringify!($ident), name: $ident, index: $index, doc: $doc }),*
        ];
    };
}

names! {
    NAMES: "What devices send, in the order of the indices, the ones without an index last.";
    TEMPERATURE, "temperature", Some("Cel"), Some(-24), "Temperature in degrees Celsius.";
    HUMIDITY, "humidity", Some("%RH"), Some(-23), "Relative humidity in percent.";
    LATITUDE, "latitude", Some("lat"), Some(-22), "Latitude in degrees, WGS 84.";
    LONGITUDE, "longitude", Some("lon"), Some(-21), "Longitude in degrees, WGS 84.";
    ALTITUDE, "altitude", Some("m"), Some(-20), "Altitude in metres.";
    POWER, "power", Some("W"), Some(-19), "Power in watts.";
    PRESSURE, "pressure", Some("Pa"), Some(-18), "Pressure in pascals.";
    ANGLE, "angle", Some("rad"), Some(-17), "Angle in radians.";
    LENGTH, "length", Some("m"), Some(-16), "Length in metres.";
    BREADTH, "breadth", Some("m"), Some(-15), "Breadth in metres.";
    HEIGHT, "height", Some("m"), Some(-14), "Height in metres.";
    WEIGHT, "weight", Some("kg"), Some(-13), "Weight in kilograms.";
    THICKNESS, "thickness", Some("m"), Some(-12), "Thickness in metres.";
    DISTANCE, "distance", Some("m"), Some(-11), "Distance in metres.";
    AREA, "area", Some("m2"), Some(-10), "Area in square metres.";
    VOLUME, "volume", Some("m3"), Some(-9), "Volume in cubic metres.";
    VELOCITY, "velocity", Some("m/s"), Some(-8), "Velocity in metres per second.";
    ELECTRIC_CURRENT, "electricCurrent", Some("A"), Some(-7), "Electric current in amperes.";
    ELECTRIC_POTENTIAL, "electricPotential", Some("V"), Some(-6), "Electric potential in volts.";
    ELECTRIC_RESISTANCE, "electricResistance", Some("Ohm"), Some(-5), "Electric resistance in ohms.";
    ILLUMINANCE, "illuminance", Some("lx"), Some(-4), "Illuminance in lux.";
    ACCELERATION_X, "accelerationX", Some("m/s2"), Some(-3), "Acceleration along x in metres per second squared.";
    ACCELERATION_Y, "accelerationY", Some("m/s2"), Some(-2), "Acceleration along y in metres per second squared.";
    ACCELERATION_Z, "accelerationZ", Some("m/s2"), Some(-1), "Acceleration along z in metres per second squared.";
    HEADING, "heading", Some("rad"), Some(0), "Heading in radians.";
    CO_CONCENTRATION, "COConcentration", Some("ppm"), Some(1), "Carbon monoxide in parts per million.";
    CO2_CONCENTRATION, "CO2Concentration", Some("ppm"), Some(2), "Carbon dioxide in parts per million.";
    SOUND, "sound", Some("dB"), Some(3), "Sound level in decibels.";
    FREQUENCY, "frequency", Some("Hz"), Some(4), "Frequency in hertz.";
    BATTERY_LEVEL, "batteryLevel", Some("%EL"), Some(5), "Energy left in the battery, in percent.";
    BATTERY_VOLTAGE, "batteryVoltage", Some("V"), Some(6), "Voltage of the battery in volts.";
    RADIUS, "radius", Some("m"), Some(7), "Radius in metres, such as the accuracy of a position.";
    BATTERY_LEVEL_LOW, "batteryLevelLow", Some("/"), Some(8), "Whether the battery is low: 0 or 1.";
    COMPASS_X, "compassX", Some("T"), Some(9), "Magnetic flux density along x in teslas.";
    COMPASS_Y, "compassY", Some("T"), Some(10), "Magnetic flux density along y in teslas.";
    COMPASS_Z, "compassZ", Some("T"), Some(11), "Magnetic flux density along z in teslas.";
    READ_SWITCH, "readSwitch", Some("/"), Some(12), "State of a reed switch: 0 or 1.";
    PRESENCE, "presence", None, Some(13), "Whether someone or something is there.";
    COUNTER, "counter", None, Some(14), "A count.";
    FIRMWARE, "firmware", None, None, "Version of the running firmware, as text.";
}

names! {
    RECEIVED_NAMES: "What only downlinks have.";
    URL, "url", None, None, "Where new firmware is, as text.";
    TOKEN, "token", None, None, "What opens that address, as text.";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::senml::unit::registry::UNITS;

    /// `batteryLevelLow` → `BATTERY_LEVEL_LOW`; a run of capitals and digits counts as one word.
    fn upper_snake(name: &str) -> std::string::String {
        let bytes = name.as_bytes();
        let mut out = std::string::String::new();
        for (at, &byte) in bytes.iter().enumerate() {
            let next_lower = bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase);
            let previous_lower = at > 0 && bytes[at - 1].is_ascii_lowercase();
            if at > 0 && byte.is_ascii_uppercase() && (previous_lower || next_lower) {
                out.push('_');
            }
            out.push(char::from(byte.to_ascii_uppercase()));
        }
        out
    }

    #[test]
    fn identifiers_follow_from_names() {
        for name in NAMES.iter().chain(RECEIVED_NAMES) {
            assert_eq!(name.ident, upper_snake(name.name.name));
        }
    }

    #[test]
    fn indices_run_from_minus_24_to_14() {
        let indices: std::vec::Vec<i8> = NAMES.iter().filter_map(|name| name.index).collect();
        assert_eq!(indices, (-24..=14).collect::<std::vec::Vec<i8>>());
        assert_eq!(NAMES.len(), 40);
    }

    #[test]
    fn every_unit_is_registered() {
        for name in NAMES {
            if let Some(unit) = name.name.unit {
                assert!(UNITS.iter().any(|known| known.symbol == unit), "{unit}");
            }
        }
    }
}
