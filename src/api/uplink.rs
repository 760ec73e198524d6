// SPDX-License-Identifier: MIT OR Apache-2.0
//! A message to the platform.

use crate::error::Result;
use crate::http::request::Target;
use crate::senml::pack::value::Value;
use crate::things::endpoint::Endpoint;
use crate::things::names::Name;
use crate::things::uplink::{self, UplinkState};

/// A message from one device: a SenML pack that is written into a buffer, signed, and framed as one HTTP request.
///
/// A call that fails leaves the pack as it was. [`finish`](Self::finish) reports the first failure again, so that no measurement is lost
/// silently.
///
/// ```
/// use kpn_things::{Name, Uplink, Value, endpoint, names};
///
/// let mut buffer = [0; 512];
/// let mut up = Uplink::new(&mut buffer, endpoint::M2M, "urn:dev:IMEI:490154203237518:")?;
/// up.set(Value::base_time(1_585_650_750, 0))?;
/// up.add(names::TEMPERATURE, Value::decimal(205, -1))?;
/// up.add(Name::new("doorOpen"), Value::bool(true))?;
/// let request = up.finish("0123456789abcdefghijklmnopqrstuvwxyzABCD")?;
/// assert!(request.starts_with(b"POST /ingestion/m2m/senml/v1 HTTP/1.1\r\n"));
/// # Ok::<(), kpn_things::Error>(())
/// ```
pub struct Uplink<'a> {
    state: UplinkState,
    buffer: &'a mut [u8],
    target: Target<'a>,
}

impl<'a> Uplink<'a> {
    /// Starts a message from the device `urn`, such as `urn:dev:IMEI:490154203237518:`.
    ///
    /// Fails with [`Error::BUFFER_FULL`](crate::Error::BUFFER_FULL) when the buffer is too small even for the head and the URN, and with
    /// the cause when the URN, the host or the path cannot be sent.
    pub fn new(buffer: &'a mut [u8], endpoint: Endpoint<'a>, urn: &str) -> Result<Self> {
        let target = Target {
            host: endpoint.host,
            path: endpoint.path,
        };
        let mut state = UplinkState::default();
        state.begin(buffer, false, &target, urn.as_bytes())?;
        Ok(Self {
            state,
            buffer,
            target,
        })
    }

    /// Sets a base field, or a label of the next record.
    ///
    /// ```
    /// use kpn_things::{Name, Uplink, Value, endpoint::Endpoint};
    ///
    /// let mut buffer = [0; 512];
    /// let endpoint = Endpoint::custom(b"platform.example", b"/senml");
    /// let mut up = Uplink::new(&mut buffer, endpoint, "urn:dev:IMEI:490154203237518:")?;
    /// up.set(Value::base_unit(b"Cel"))?;
    /// up.add(Name::new("inside"), Value::int(20))?;
    /// up.set(Value::base_name(b"urn:dev:IMEI:490154203237518:"))?; // another device behind this one
    /// up.add(Name::new("outside"), Value::int(5))?;
    /// assert!(up.finish(None)?.starts_with(b"POST /senml HTTP/1.1\r\nHost: platform.example\r\n"));
    /// # Ok::<(), kpn_things::Error>(())
    /// ```
    pub fn set(&mut self, value: Value<'_>) -> Result<()> {
        let uplink = uplink::Uplink::resume(&mut self.state, self.buffer);
        uplink.into_pack()?.set(&value)
    }

    /// Appends a record.
    pub fn add(&mut self, name: Name<'_>, value: Value<'_>) -> Result<()> {
        let unit = name.unit.map(str::as_bytes);
        let uplink = uplink::Uplink::resume(&mut self.state, self.buffer);
        uplink.into_pack()?.add(name.name.as_bytes(), unit, &value)
    }

    /// Bytes by which the buffer was too small for the last call that failed with [`Error::BUFFER_FULL`](crate::Error::BUFFER_FULL),
    /// otherwise 0. With a buffer larger by that many bytes, the same calls succeed.
    ///
    /// ```
    /// use kpn_things::{Error, Name, Uplink, Value, endpoint};
    ///
    /// let mut buffer = [0; 250];
    /// let mut up = Uplink::new(&mut buffer, endpoint::M2M, "urn:dev:IMEI:490154203237518:")?;
    /// let text = Value::text(b"a text for which there is no room");
    /// assert_eq!(up.add(Name::new("note"), text), Err(Error::BUFFER_FULL));
    /// assert!(up.missing() > 0);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn missing(&self) -> usize {
        self.state.missing(self.buffer.len())
    }

    /// Signs the message with the secret of the device and returns the request. Without a secret, which only some device types allow, the
    /// request carries no token.
    ///
    /// Fails with the first failure of an earlier call, with [`Error::SENML_EMPTY`](crate::Error::SENML_EMPTY) when there is no record, and
    /// with [`Error::SECRET`](crate::Error::SECRET) for an unfit secret.
    ///
    /// ```
    /// use kpn_things::{Uplink, Value, endpoint, names};
    ///
    /// let mut buffer = [0; 512];
    /// let mut up = Uplink::new(&mut buffer, endpoint::INTERNET, "urn:dev:DEVEUI:0123456789ABCDEF:")?;
    /// up.add(names::COUNTER, Value::uint(7))?;
    /// assert!(up.finish(None)?.ends_with(br#"{"n":"counter","v":7}]"#));
    /// # Ok::<(), kpn_things::Error>(())
    /// ```
    pub fn finish<'s>(mut self, secret: impl Into<Option<&'s str>>) -> Result<&'a [u8]> {
        let secret = secret.into().map(str::as_bytes);
        let mut uplink = uplink::Uplink::resume(&mut self.state, self.buffer);
        let request = uplink.finish(self.target, secret)?;
        let bytes = self.buffer.get(request.start..);
        let bytes = bytes.and_then(|bytes| bytes.get(..request.len));
        Ok(bytes.unwrap_or_default())
    }
}
