//! Registers: numbers are given once, two people do not overwrite each other, and everything is found by how its words begin.

use kvitt_domain::invoicing::customer::Customer;
use kvitt_domain::invoicing::numbering::{Numbered, Series};
use kvitt_domain::invoicing::settings::InvoicingSettings;
use kvitt_domain::invoicing::words;
use kvitt_domain::plan::RouteName;
use kvitt_hub::actions::change_invoicing;
use kvitt_hub::actions::keep_card::Edit;
use kvitt_hub::actions::save_customer::{order_of, save_customer};
use kvitt_hub::actions::save_product::save_product;
use kvitt_hub::actions::save_project::save_project;
use kvitt_hub::store::card::{self, Card};
use kvitt_hub::store::{invoice, invoicing};

use super::{Office, each_office, refused, sheet};

/// Synthetic: the month has 80 added.
const IDENTITY: &str = "10915596784";

fn again(card: &Card<Customer>) -> Edit {
    Edit { id: Some(card.id.clone()), version: card.version, number: String::new() }
}

async fn found(office: &Office, looked_for: &str) -> Vec<String> {
    let (us, words) = (&office.us, words::of(looked_for));
    let mut db = office.hub.db().read().await.unwrap();
    let cards: Vec<Card<Customer>> = card::search(&mut db, &us.id, &us.key, Numbered::Customer, &words, 20).await.unwrap();
    cards.into_iter().map(|card| card.name).collect()
}

#[tokio::test]
async fn numbers_are_given_once() {
    each_office(async |office| {
        let (hub, us) = (&office.hub, &office.us);
        let named = |name: &'static str| sheet(&[("name", name)]);
        let numbered = |number: &str| Edit { number: number.into(), ..Edit::default() };
        assert_eq!(office.customer(&[("name", "A")]).await.number, "100000");
        let chosen = save_customer(hub, us, numbered("100001"), &named("B")).await.unwrap();
        assert_eq!(chosen.number, "100001");
        assert_eq!(office.customer(&[("name", "C")]).await.number, "100002", "a chosen number is passed over");
        assert_eq!(refused(save_customer(hub, us, numbered("100001"), &named("D")).await), ["number.taken number"]);
        assert_eq!(refused(save_customer(hub, us, numbered("99"), &named("D")).await), ["number.range number"]);
        assert_eq!(refused(save_customer(hub, us, numbered("X1"), &named("D")).await), ["number.digits number"]);
        // Another company counts by itself.
        let theirs = save_customer(hub, &office.other, Edit::default(), &named("A")).await.unwrap();
        assert_eq!(theirs.number, "100000");
        let mut settings = InvoicingSettings::default();
        settings.numbering.customer = Series { start: 100_500, end: Some(100_500) };
        change_invoicing::save(hub, us, 0, settings.clone()).await.unwrap();
        assert_eq!(office.customer(&[("name", "E")]).await.number, "100500", "the series goes on where it was moved to");
        assert_eq!(refused(save_customer(hub, us, Edit::default(), &named("F")).await), ["series.full number"]);
        settings.numbering.customer = Series::from(1);
        change_invoicing::save(hub, us, 1, settings.clone()).await.unwrap();
        assert_eq!(office.customer(&[("name", "F")]).await.number, "100501", "what was refused took no number");
        assert_eq!(refused(change_invoicing::save(hub, us, 1, settings).await), ["entry.changed "]);
    })
    .await;
}

#[tokio::test]
async fn two_people_do_not_overwrite_each_other() {
    each_office(async |office| {
        let (hub, us) = (&office.hub, &office.us);
        let card = office.customer(&[("name", "Kari"), ("kind", "consumer"), ("identity", IDENTITY)]).await;
        let mine = card.body.sheet();
        let mut theirs = card.body.sheet();
        theirs.set("email", "kari@post.example");
        let saved = save_customer(hub, us, again(&card), &theirs).await.unwrap();
        assert_eq!((saved.version, saved.number.as_str()), (2, card.number.as_str()));
        assert_eq!(refused(save_customer(hub, us, again(&card), &mine).await), ["entry.changed "]);
        // Saving without a change changes nothing.
        assert_eq!(save_customer(hub, us, again(&saved), &theirs).await.unwrap().version, 2);
        assert_eq!(office.told(&card.id).await, ["customer.created", "customer.changed"]);
        let stranger = save_customer(hub, &office.other, again(&saved), &theirs).await;
        assert_eq!(refused(stranger), ["entry.unknown "]);
    })
    .await;
}

#[tokio::test]
async fn a_national_identity_number_lies_in_the_vault_alone() {
    each_office(async |office| {
        let (hub, us) = (&office.hub, &office.us);
        let card = office.customer(&[("name", "Kari"), ("kind", "consumer"), ("identity", IDENTITY)]).await;
        let reference = card.body.identity_ref.clone().unwrap();
        let mut db = hub.db().read().await.unwrap();
        assert_eq!(invoice::identity(&mut db, &us.id, &us.key, &reference).await.unwrap(), IDENTITY);
        let mut typed = card.body.sheet();
        typed.set("identity", IDENTITY);
        let same = save_customer(hub, us, again(&card), &typed).await.unwrap();
        assert_eq!(same.body.identity_ref.as_ref(), Some(&reference), "the same number keeps its reference");
        let mut typed = card.body.sheet();
        typed.set("forget_identity", "1");
        let forgotten = save_customer(hub, us, again(&same), &typed).await.unwrap();
        assert_eq!(forgotten.body.identity_ref, None);
        assert!(invoice::identity(&mut db, &us.id, &us.key, &reference).await.is_err());
        let told = serde_json::to_string(&kvitt_hub::store::event::of_subject(&mut db, &us.id, &us.key, &card.id).await.unwrap())
            .unwrap();
        assert!(told.contains("identity") && !told.contains(IDENTITY), "{told}");
    })
    .await;
}

#[tokio::test]
async fn customers_are_found_by_how_words_begin() {
    each_office(async |office| {
        for (name, city, org_number) in
            [("Ødegård Rør AS", "Værøy", ""), ("Fjellheimen Barnehage SA", "Oslo", "988077917"), ("Kari Ødegaard", "Oslo", "")]
        {
            let fields = [("name", name), ("postal_city", city), ("postal_country", "NO"), ("org_number", org_number)];
            office.customer(&fields).await;
        }
        for (looked_for, expected) in [
            ("odeg", vec!["Kari Ødegaard", "Ødegård Rør AS"]),
            ("ØDEGÅ", vec!["Kari Ødegaard", "Ødegård Rør AS"]),
            ("odegard", vec!["Ødegård Rør AS"]),
            ("oslo", vec!["Fjellheimen Barnehage SA", "Kari Ødegaard"]),
            ("oslo kar", vec!["Kari Ødegaard"]),
            ("9880", vec!["Fjellheimen Barnehage SA"]),
            ("100001", vec!["Fjellheimen Barnehage SA"]),
            ("vaer", vec!["Ødegård Rør AS"]),
            ("degard", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(found(office, looked_for).await, expected, "{looked_for}");
        }
        let (us, mut db) = (&office.us, office.hub.db().read().await.unwrap());
        let page: Vec<Card<Customer>> = card::page(&mut db, &us.id, &us.key, Numbered::Customer, ("", ""), 2).await.unwrap();
        let names: Vec<&str> = page.iter().map(|card| card.name.as_str()).collect();
        assert_eq!(names, ["Fjellheimen Barnehage SA", "Kari Ødegaard"]);
        let cursor = (words::sorted_by(&page[1].name), page[1].id.clone());
        let rest: Vec<Card<Customer>> =
            card::page(&mut db, &us.id, &us.key, Numbered::Customer, (&cursor.0, &cursor.1), 2).await.unwrap();
        assert_eq!(rest.len(), 1);
        drop(db);
        // A new name takes the old one's place.
        let kari = &page[1];
        let mut renamed = kari.body.sheet();
        renamed.set("name", "Kari Nordmann");
        save_customer(&office.hub, us, again(kari), &renamed).await.unwrap();
        assert_eq!(found(office, "odegaard").await, Vec::<String>::new());
        assert_eq!(found(office, "nordm").await, ["Kari Nordmann"]);
    })
    .await;
}

#[tokio::test]
async fn a_customers_order_of_routes_follows_what_it_is_known_by() {
    each_office(async |office| {
        let (hub, us) = (&office.hub, &office.us);
        let order = async |card: &Card<Customer>| -> Vec<RouteName> {
            order_of(&mut hub.db().read().await.unwrap(), us, Some(card)).await.unwrap()
        };
        let card = office.customer(&[("name", "Rør AS"), ("route_order", "email, print")]).await;
        assert_eq!(order(&card).await, [RouteName::new("email"), RouteName::new("print")]);
        let mut typed = card.body.sheet();
        typed.set("org_number", "988077917");
        typed.set("route_order", "email, print");
        let numbered = save_customer(hub, us, again(&card), &typed).await.unwrap();
        assert_eq!(order(&numbered).await.len(), 2);
        let orders = kvitt_hub::store::customer_order::page(&mut hub.db().read().await.unwrap(), &us.id, "", 9).await.unwrap();
        assert_eq!(orders.iter().map(|order| order.customer.to_string()).collect::<Vec<_>>(), ["org:988077917"]);
        typed.set("route_order", "pigeon");
        assert_eq!(refused(save_customer(hub, us, again(&numbered), &typed).await), ["route.unknown route_order"]);
        typed.set("route_order", "");
        let plain = save_customer(hub, us, again(&numbered), &typed).await.unwrap();
        assert_eq!(order(&plain).await, []);
    })
    .await;
}

#[tokio::test]
async fn projects_and_products_name_what_there_is() {
    each_office(async |office| {
        let (hub, us) = (&office.hub, &office.us);
        let customer = office.customer(&[("name", "Rør AS")]).await;
        let project = sheet(&[("name", "Nybygg"), ("customer", &customer.id)]);
        let project = save_project(hub, us, Edit::default(), &project).await.unwrap();
        assert_eq!((project.number.as_str(), project.state.as_str()), ("1000", "ongoing"));
        let of: Vec<Card<kvitt_domain::invoicing::project::Project>> =
            card::of_customer(&mut hub.db().read().await.unwrap(), &us.id, &us.key, Numbered::Project, &customer.id)
                .await
                .unwrap();
        assert_eq!(of, std::slice::from_ref(&project));
        let nobody = save_project(hub, us, Edit::default(), &sheet(&[("name", "X"), ("customer", "nobody")])).await;
        assert_eq!(refused(nobody), ["entry.unknown customer"]);
        let theirs =
            save_project(hub, &office.other, Edit::default(), &sheet(&[("name", "X"), ("customer", &customer.id)])).await;
        assert_eq!(refused(theirs), ["entry.unknown customer"]);
        let product = sheet(&[("name", "Time"), ("unit", "HUR"), ("price", "1 250"), ("vat_code", "3")]);
        let product = save_product(hub, us, Edit::default(), &product).await.unwrap();
        assert_eq!(product.number, "1");
        let wrong = sheet(&[("name", "Time"), ("vat_code", "99"), ("ledger_account", "9999")]);
        let wrong = save_product(hub, us, Edit::default(), &wrong).await;
        assert_eq!(refused(wrong), ["field.invalid vat_code", "ledger_account.unknown ledger_account"]);
        assert_eq!(office.told(&project.id).await, ["project.created"]);
        assert_eq!(office.told(&product.id).await, ["product.created"]);
    })
    .await;
}

#[tokio::test]
async fn settings_begin_with_what_is_usual() {
    each_office(async |office| {
        let (hub, us) = (&office.hub, &office.us);
        let (settings, version) = invoicing::settings(&mut hub.db().read().await.unwrap(), &us.id).await.unwrap();
        assert_eq!((&settings, version), (&InvoicingSettings::default(), 0));
        let mut typed = settings.sheet();
        typed.set("terms_days", "21");
        change_invoicing::change_invoicing(hub, us, 0, &typed).await.unwrap();
        typed.set("terms_days", "soon");
        assert_eq!(refused(change_invoicing::change_invoicing(hub, us, 1, &typed).await), ["field.invalid terms_days"]);
        let (settings, version) = invoicing::settings(&mut hub.db().read().await.unwrap(), &us.id).await.unwrap();
        assert_eq!((settings.terms_days, version), (21, 1));
        assert_eq!(office.told(&us.id).await.last().unwrap(), "company.invoicing_changed");
    })
    .await;
}
