// SPDX-License-Identifier: MIT OR Apache-2.0
//! A handler of axum that takes any body and does nothing with it: what the load figures are compared with.
//!
//!   bare ADDRESS:PORT [THREADS]
//!
//! As many threads as there are processors, unless it is told otherwise.
//! Prints `listening on ADDRESS:PORT`, and ends when it is killed.

use std::error::Error;

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::post;
use tokio::net::TcpListener;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments
        .next()
        .ok_or("usage: bare ADDRESS:PORT [THREADS]")?;
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if let Some(threads) = arguments.next() {
        runtime.worker_threads(threads.parse()?);
    }
    let runtime = runtime.enable_all().build()?;
    runtime.block_on(async move {
        let listener = TcpListener::bind(address).await?;
        println!("listening on {}", listener.local_addr()?);
        let take = post(|_body: Bytes| async { StatusCode::ACCEPTED });
        let router = Router::new().route("/ingestion/m2m/senml/v1", take);
        axum::serve(listener, router).await?;
        Ok(())
    })
}
