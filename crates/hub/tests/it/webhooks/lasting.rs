//! What is not taken is told again: for how long, under which id, and what a person does when it ends.

use kvitt_hub::store::webhook::KEPT;

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn what_is_not_taken_is_told_again_under_the_same_id_before_anything_else() {
    each_house(async |house| {
        let hook = house.add("/hooks", &["company.*"]).await.webhook;
        house.answers([500, 302, 404]);
        house.happen().await;
        house.happen().await;
        house.work().await;
        // More events do not shorten the wait.
        house.happen().await;
        house.work().await;
        assert_eq!(house.heard().len(), 1);
        let next = house.shown(&hook.id).await.next_try_at.unwrap();
        let wait = next.duration_since(house.hub.clock().business()).as_secs_f64();
        assert!((4.0..=6.0).contains(&wait), "{wait}");
        for _ in 0..3 {
            house.after(HOUR).await;
        }
        let heard = house.heard();
        let events: Vec<i64> = heard.iter().map(Heard::event).collect();
        let first = events[0];
        assert_eq!(events, [first, first, first, first + 1, first + 2]);
        assert!(heard[..3].iter().all(|message| message.id == heard[0].id && message.text == heard[0].text));
        let log = house.log(&hook.id).await;
        let statuses: Vec<i64> = log.iter().rev().map(|tried| tried.status).collect();
        assert_eq!(statuses, [500, 302, 404, 200, 200, 200], "no redirect was followed");
        assert_eq!(house.shown(&hook.id).await.state, WebhookState::Active { faults: 0 });
    })
    .await;
}

#[tokio::test]
async fn after_75_hours_it_is_stopped_and_goes_on_where_it_stood() {
    each_house(async |house| {
        let hook = house.add("/hooks", &["company.*"]).await.webhook;
        house.answers(std::iter::repeat_n(503, 23));
        house.happen().await;
        house.work().await;
        let begun = house.hub.clock().business();
        let (mut tries, mut waits) = (1, Vec::new());
        while let Some(next) = house.shown(&hook.id).await.next_try_at {
            let wait = Duration::try_from(next.duration_since(house.hub.clock().business())).unwrap();
            house.after(wait).await;
            tries += 1;
            waits.push(wait);
        }
        let hours = house.hub.clock().business().duration_since(begun).as_hours();
        assert!((66..=83).contains(&hours), "{hours}");
        assert_eq!(tries, 23);
        assert!(waits.is_sorted(), "waits grow: {waits:?}");
        let shown = house.shown(&hook.id).await;
        let WebhookState::Stopped { why } = &shown.state else { panic!("{shown:?}") };
        assert_eq!(why.code.name(), "webhook.silent");
        assert_eq!((why.value("count"), why.value("text")), (Some("23"), Some("the answer was 503")));
        assert_eq!(house.kinds().await.iter().filter(|kind| *kind == "webhook.stopped").count(), 1);

        let first = house.heard()[0].clone();
        house.happen().await;
        house.after(HOUR).await;
        assert!(house.heard().is_empty(), "a stopped one is told nothing");
        house.done(WebhookAsk::Enable { webhook: hook.id.clone() }).await;
        house.work().await;
        let heard = house.heard();
        assert_eq!((heard[0].id.as_str(), heard[0].event()), (first.id.as_str(), first.event()));
        assert_eq!(heard.len(), 2, "nothing was lost: {heard:?}");
        house.happen().await;
        house.work().await;
        assert_eq!(house.heard().len(), 1, "it is told of what happens again");
    })
    .await;
}

#[tokio::test]
async fn whoever_says_that_it_is_gone_is_not_asked_again() {
    each_house(async |house| {
        let hook = house.add("/hooks", &["company.*"]).await.webhook;
        house.answers([410]);
        house.happen().await;
        house.work().await;
        assert!(house.is_stopped(&hook.id).await);
        house.happen().await;
        house.after(HOUR).await;
        assert_eq!(house.heard().len(), 1);
        assert_eq!(house.kinds().await.iter().filter(|kind| *kind == "webhook.stopped").count(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_receiver_that_asks_for_time_gets_it_within_bounds() {
    let house = House::open(None).await;
    let hook = house.add("/hooks", &["company.*"]).await.webhook;
    house.receiver.answers.lock().unwrap().push_back((503, Some("8")));
    house.happen().await;
    house.work().await;
    let next = house.shown(&hook.id).await.next_try_at.unwrap();
    assert_eq!(next.duration_since(house.hub.clock().business()).as_secs(), 8);
}

/// A person does not wait for the next try.
#[tokio::test]
async fn one_that_waits_is_tried_at_once_when_a_person_says_so() {
    each_house(async |house| {
        let hook = house.add("/hooks", &["company.*"]).await.webhook;
        house.answers([500]);
        house.happen().await;
        house.work().await;
        house.done(WebhookAsk::Enable { webhook: hook.id.clone() }).await;
        house.work().await;
        assert_eq!(house.heard().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn events_are_told_again_from_any_of_them_on() {
    each_house(async |house| {
        let hook = house.add("/hooks", &["company.*"]).await.webhook;
        for _ in 0..4 {
            house.happen().await;
        }
        house.work().await;
        let first = house.heard();
        let from = first[1].event();
        house.done(WebhookAsk::Replay { webhook: hook.id.clone(), from }).await;
        house.work().await;
        let again = house.heard();
        let ids = |heard: &[Heard]| heard.iter().map(|heard| heard.id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&again), ids(&first[1..]), "the same messages under the same ids");
        assert_eq!(house.refused(WebhookAsk::Replay { webhook: hook.id.clone(), from: 1_000 }).await, ["webhook.event"]);

        // A new one can be told of all that ever happened.
        let new = NewWebhook { address: format!("{}/late", house.address), events: vec!["company.added".into()], after: Some(0) };
        house.ask(WebhookAsk::Add(new)).await;
        house.work().await;
        assert_eq!(house.heard().iter().map(Heard::event).collect::<Vec<_>>(), [1]);
    })
    .await;
}

#[tokio::test]
async fn the_log_is_of_the_last_hundred_tries() {
    let house = House::open(None).await;
    let hook = house.add("/hooks", &["company.settings_changed"]).await.webhook;
    for _ in 0..KEPT + 5 {
        house.happen().await;
    }
    house.work().await;
    let log = house.log(&hook.id).await;
    let last = house.shown(&hook.id).await.last;
    assert_eq!(log.len(), usize::try_from(KEPT).unwrap());
    assert_eq!((log[0].event, log[log.len() - 1].event), (last, last - KEPT + 1));
    assert!(log.iter().all(|tried| tried.status == 200 && tried.why.is_empty() && tried.kind == "company.settings_changed"));
}

/// A receiver that is not there is like one that fails.
#[tokio::test]
async fn nobody_there_is_tried_again() {
    let house = House::open(None).await;
    let port = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let new = NewWebhook { address: format!("http://127.0.0.1:{port}/"), events: vec!["company.*".into()], after: None };
    let Answer::WebhookSecret(added) = house.ask(WebhookAsk::Add(new)).await else { panic!("it was added") };
    house.happen().await;
    house.work().await;
    let log = house.log(&added.webhook.id).await;
    assert_eq!(log[0].status, 0);
    assert!(log[0].why.contains("no connection"), "{log:?}");
    assert_eq!(house.shown(&added.webhook.id).await.state, WebhookState::Active { faults: 1 });
}

/// The whole hub at work: the runner finds what the writer asked for, and it lasts over a restart.
#[tokio::test]
async fn a_running_hub_tells_by_itself_also_after_a_restart() {
    let house = House::open(None).await;
    house.add("/hooks", &["company.settings_changed"]).await;
    house.happen().await;
    let House { folder, hub, receiver, .. } = house;
    hub.close().await;
    drop(hub);
    let data = folder.path().join("data");
    let hub = open(&data, None, Clock::new()).await;
    hub.work_until_quiet(Duration::ZERO, |_| ()).await.unwrap();
    assert_eq!(receiver.heard.lock().unwrap().len(), 1);
}
