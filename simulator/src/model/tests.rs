//! Tests of the platform without its doors.
