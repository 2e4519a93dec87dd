//! Business time that was moved stays moved.

use std::time::Duration;

use kvitt_hub::{Config, Hub};

#[tokio::test]
async fn a_hub_that_starts_again_does_not_go_back_in_time() {
    let data = tempfile::tempdir().unwrap();
    let config = || Config { listen: ([127, 0, 0, 1], 0).into(), ..Config::default() };
    let month = Duration::from_secs(30 * 24 * 3600);
    let hub = Hub::open(data.path(), config()).await.unwrap();
    hub.move_clock(month).await.unwrap();
    hub.move_clock(Duration::from_secs(1)).await.unwrap();
    assert_eq!(hub.clock().offset(), month, "it never goes back");
    hub.close().await;
    drop(hub);
    let hub = Hub::open(data.path(), config()).await.unwrap();
    assert_eq!(hub.clock().offset(), month);
    hub.close().await;
}
