// SPDX-License-Identifier: MIT OR Apache-2.0
//! The registered units of SenML.
//!
//! Sources: RFC 8428 section 12.1, RFC 8798 sections 2 (primary) and 3 (secondary).
// The constants here and the macros of the C header are both made from this one list. `build.rs` includes this file by its path, so it uses
// nothing of the crate.
#![forbid(unsafe_code)]

/// A registered unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unit {
    /// Name of the constant: `CELSIUS` here, `KPN_UNIT_CELSIUS` in C.
    pub ident: &'static str,
    /// The text in the pack. Case matters.
    pub symbol: &'static str,
    /// One line for the documentation.
    pub description: &'static str,
}

macro_rules! units {
    ($($ident:ident, $symbol:literal, $description:literal;)*) => {
        $(
            #[doc = $description]
            pub const $ident: &str = $symbol;
        )*

        /// All of them, in the order of the RFCs.
        pub const UNITS: &[Unit] = &[
            $(Unit { ident: stringify!($ident), symbol: $symbol, description: $description }),*
        ];
    };
}

units! {
    METER, "m", "Metre.";
    KILOGRAM, "kg", "Kilogram.";
    GRAM, "g", "Gram; RFC 8428 recommends kg.";
    SECOND, "s", "Second.";
    AMPERE, "A", "Ampere.";
    KELVIN, "K", "Kelvin.";
    CANDELA, "cd", "Candela.";
    MOLE, "mol", "Mole.";
    HERTZ, "Hz", "Hertz.";
    RADIAN, "rad", "Radian.";
    STERADIAN, "sr", "Steradian.";
    NEWTON, "N", "Newton.";
    PASCAL, "Pa", "Pascal.";
    JOULE, "J", "Joule.";
    WATT, "W", "Watt.";
    COULOMB, "C", "Coulomb.";
    VOLT, "V", "Volt.";
    FARAD, "F", "Farad.";
    OHM, "Ohm", "Ohm.";
    SIEMENS, "S", "Siemens.";
    WEBER, "Wb", "Weber.";
    TESLA, "T", "Tesla.";
    HENRY, "H", "Henry.";
    CELSIUS, "Cel", "Degree Celsius.";
    LUMEN, "lm", "Lumen.";
    LUX, "lx", "Lux.";
    BECQUEREL, "Bq", "Becquerel.";
    GRAY, "Gy", "Gray.";
    SIEVERT, "Sv", "Sievert.";
    KATAL, "kat", "Katal.";
    SQUARE_METER, "m2", "Square metre: area.";
    CUBIC_METER, "m3", "Cubic metre: volume.";
    LITER, "l", "Litre; RFC 8428 recommends m3.";
    METER_PER_SECOND, "m/s", "Metre per second: velocity.";
    METER_PER_SQUARE_SECOND, "m/s2", "Metre per second squared: acceleration.";
    CUBIC_METER_PER_SECOND, "m3/s", "Cubic metre per second: flow rate.";
    LITER_PER_SECOND, "l/s", "Litre per second; RFC 8428 recommends m3/s.";
    WATT_PER_SQUARE_METER, "W/m2", "Watt per square metre: irradiance.";
    CANDELA_PER_SQUARE_METER, "cd/m2", "Candela per square metre: luminance.";
    BIT, "bit", "Bit: amount of information.";
    BIT_PER_SECOND, "bit/s", "Bit per second: data rate.";
    LATITUDE, "lat", "Degree of latitude, WGS 84 unless the application agrees otherwise.";
    LONGITUDE, "lon", "Degree of longitude, WGS 84 unless the application agrees otherwise.";
    PH, "pH", "pH: acidity, a logarithmic quantity.";
    DECIBEL, "dB", "Decibel: a logarithmic quantity.";
    DECIBEL_WATT, "dBW", "Decibel relative to 1 W: power level.";
    BEL_SOUND_PRESSURE, "Bspl", "Bel: sound pressure level; RFC 8428 recommends dB.";
    COUNT, "count", "Value of a counter.";
    RATIO, "/", "Ratio, such as the state of a switch.";
    PERCENT, "%", "Ratio in percent; RFC 8428 recommends /.";
    PERCENT_RELATIVE_HUMIDITY, "%RH", "Relative humidity in percent.";
    PERCENT_ENERGY_LEFT, "%EL", "Energy left in a battery, in percent.";
    SECONDS_ENERGY_LEFT, "EL", "Energy left in a battery, in seconds.";
    PER_SECOND, "1/s", "Events per second.";
    PER_MINUTE, "1/min", "Events per minute; RFC 8428 recommends 1/s.";
    BEATS_PER_MINUTE, "beat/min", "Heart rate per minute; RFC 8428 recommends 1/s.";
    BEATS, "beats", "Heart beats counted; RFC 8428 recommends count.";
    SIEMENS_PER_METER, "S/m", "Siemens per metre: conductivity.";
    BYTE, "B", "Byte: amount of information.";
    VOLT_AMPERE, "VA", "Volt-ampere: apparent power.";
    VOLT_AMPERE_SECOND, "VAs", "Volt-ampere second: apparent energy.";
    VAR, "var", "Volt-ampere reactive: reactive power.";
    VAR_SECOND, "vars", "Volt-ampere reactive second: reactive energy.";
    JOULE_PER_METER, "J/m", "Joule per metre: energy per distance.";
    KILOGRAM_PER_CUBIC_METER, "kg/m3", "Kilogram per cubic metre: density, mass concentration.";
    DEGREE, "deg", "Degree: angle; RFC 8798 recommends rad.";
    MILLISECOND, "ms", "Millisecond; secondary unit for s.";
    MINUTE, "min", "Minute; secondary unit for s.";
    HOUR, "h", "Hour; secondary unit for s.";
    MEGAHERTZ, "MHz", "Megahertz; secondary unit for Hz.";
    KILOWATT, "kW", "Kilowatt; secondary unit for W.";
    KILOVOLT_AMPERE, "kVA", "Kilovolt-ampere; secondary unit for VA.";
    KILOVAR, "kvar", "Kilovar; secondary unit for var.";
    AMPERE_HOUR, "Ah", "Ampere hour; secondary unit for C.";
    WATT_HOUR, "Wh", "Watt hour; secondary unit for J.";
    KILOWATT_HOUR, "kWh", "Kilowatt hour; secondary unit for J.";
    VAR_HOUR, "varh", "Var hour; secondary unit for vars.";
    KILOVAR_HOUR, "kvarh", "Kilovar hour; secondary unit for vars.";
    KILOVOLT_AMPERE_HOUR, "kVAh", "Kilovolt-ampere hour; secondary unit for VAs.";
    WATT_HOUR_PER_KILOMETER, "Wh/km", "Watt hour per kilometre; secondary unit for J/m.";
    KIBIBYTE, "KiB", "Kibibyte; secondary unit for B.";
    GIGABYTE, "GB", "Gigabyte; secondary unit for B.";
    MEGABIT_PER_SECOND, "Mbit/s", "Megabit per second; secondary unit for bit/s.";
    BYTE_PER_SECOND, "B/s", "Byte per second; secondary unit for bit/s.";
    MEGABYTE_PER_SECOND, "MB/s", "Megabyte per second; secondary unit for bit/s.";
    MILLIVOLT, "mV", "Millivolt; secondary unit for V.";
    MILLIAMPERE, "mA", "Milliampere; secondary unit for A.";
    DECIBEL_MILLIWATT, "dBm", "Decibel relative to 1 mW; secondary unit for dBW.";
    MICROGRAM_PER_CUBIC_METER, "ug/m3", "Microgram per cubic metre; secondary unit for kg/m3.";
    MILLIMETER_PER_HOUR, "mm/h", "Millimetre per hour; secondary unit for m/s.";
    METER_PER_HOUR, "m/h", "Metre per hour; secondary unit for m/s.";
    PARTS_PER_MILLION, "ppm", "Parts per million; secondary unit for /.";
    PER_HUNDRED, "/100", "Percent; secondary unit for /.";
    PER_THOUSAND, "/1000", "Per mille; secondary unit for /.";
    HECTOPASCAL, "hPa", "Hectopascal; secondary unit for Pa.";
    MILLIMETER, "mm", "Millimetre; secondary unit for m.";
    CENTIMETER, "cm", "Centimetre; secondary unit for m.";
    KILOMETER, "km", "Kilometre; secondary unit for m.";
    KILOMETER_PER_HOUR, "km/h", "Kilometre per hour; secondary unit for m/s.";
}
