//! Companies: one per organisation number, each with its settings, routes and key.

use kvitt_adapters::route::RouteSetup;
use kvitt_domain::Language;
use kvitt_domain::plan::RouteName;
use kvitt_domain::recipient::RecipientType;
use kvitt_hub::error::Error;
use kvitt_hub::store::company::{self, Company, CompanySettings};
use kvitt_hub::vault::{Purpose, Vault};
use serde_json::json;

use crate::databases::{NOW, each_database};

#[tokio::test]
async fn a_company_is_found_by_number_and_by_id() {
    each_database(async |bench| {
        let mut db = bench.read().await;
        for company in [&bench.a, &bench.b] {
            let by_number = company::by_org_number(&mut db, &bench.vault, &company.org_number).await.unwrap().unwrap();
            let by_id = company::by_id(&mut db, &bench.vault, &company.id).await.unwrap();
            for found in [by_number, by_id] {
                assert_eq!((&found.id, &found.org_number, &found.name), (&company.id, &company.org_number, &company.name));
                let sealed = company.key.seal(Purpose::Invoice, "i", b"x");
                assert_eq!(found.key.open(Purpose::Invoice, "i", &sealed).unwrap(), b"x", "it has its own key");
            }
        }
        assert!(company::by_org_number(&mut db, &bench.vault, "123456785").await.unwrap().is_none());
        assert!(matches!(company::by_id(&mut db, &bench.vault, "nobody").await, Err(Error::NotFound(_))));
        let all: Vec<String> = company::all(&mut db, &bench.vault).await.unwrap().into_iter().map(|company| company.id).collect();
        assert_eq!(all, [bench.a.id.as_str(), &bench.b.id], "oldest first");
    })
    .await;
}

#[tokio::test]
async fn an_organisation_number_belongs_to_one_company() {
    each_database(async |bench| {
        let outcome = bench
            .write(move |tx| {
                Box::pin(async move {
                    let (key, sealed) = bench.vault.new_company_key("again");
                    let again = Company { id: "again".into(), key, ..bench.a.clone() };
                    company::insert(tx, &again, &sealed, NOW).await
                })
            })
            .await;
        let error = outcome.unwrap_err();
        assert!(error.is_retryable(), "the action that looks first then finds the other company: {error:?}");
        assert_eq!(company::all(&mut *bench.read().await, &bench.vault).await.unwrap().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn settings_are_kept_and_older_ones_still_read() {
    each_database(async |bench| {
        let settings = CompanySettings {
            language: Language::English,
            consumer_route_order: vec![RouteName::new("email"), RouteName::new("print")],
            accent: Some("#004488".into()),
            footer: Some("Ærlig talt: betal i tide.".into()),
            ..CompanySettings::default()
        };
        let wanted = settings.clone();
        bench
            .write(move |tx| {
                let settings = settings.clone();
                Box::pin(async move { company::save_settings(tx, &bench.a.id, &settings).await })
            })
            .await
            .unwrap();
        let mut db = bench.read().await;
        let saved = company::by_id(&mut db, &bench.vault, &bench.a.id).await.unwrap().settings;
        assert_eq!(saved, wanted);
        assert_eq!(saved.route_order(RecipientType::Consumer), Some(wanted.consumer_route_order.as_slice()));
        assert_eq!(saved.route_order(RecipientType::Business), None, "an empty order is the default's business");
        assert_eq!(company::by_id(&mut db, &bench.vault, &bench.b.id).await.unwrap().settings, CompanySettings::default());

        bench.meddle(&format!("UPDATE company SET settings = '{{}}' WHERE company_id = '{}'", bench.a.id)).await;
        assert_eq!(company::by_id(&mut db, &bench.vault, &bench.a.id).await.unwrap().settings, CompanySettings::default());
        let nobody = bench.write(|tx| Box::pin(company::save_settings(tx, "nobody", &PLAIN))).await;
        assert!(nobody.is_err());
    })
    .await;
}

/// What a company has that never decided anything.
static PLAIN: CompanySettings = CompanySettings {
    language: Language::Bokmal,
    consumer_route_order: Vec::new(),
    business_route_order: Vec::new(),
    accent: None,
    logo: None,
    text_before: None,
    footer: None,
};

#[tokio::test]
async fn a_key_sealed_anew_opens_what_was_sealed_before() {
    each_database(async |bench| {
        let row = bench.a.key.seal(Purpose::Invoice, "i", b"before");
        let rotated = Vault::open(&bench.folder.join("keys")).unwrap();
        rotated.rotate().unwrap();
        let sealed = rotated.seal_company_key(&bench.a.key);
        bench
            .write(move |tx| {
                let sealed = sealed.clone();
                Box::pin(async move { company::save_key(tx, &bench.a.id, &sealed).await })
            })
            .await
            .unwrap();
        let mut db = bench.read().await;
        let found = company::by_id(&mut db, &rotated, &bench.a.id).await.unwrap();
        assert_eq!(found.key.open(Purpose::Invoice, "i", &row).unwrap(), b"before");
        assert!(company::by_id(&mut db, &rotated, &bench.b.id).await.is_ok(), "the older master key still opens the others");
        assert!(company::by_id(&mut db, &bench.vault, &bench.a.id).await.is_ok(), "whoever shares the folder finds the new key");
        let other = Vault::open(&bench.folder.join("other keys")).unwrap();
        assert!(company::by_id(&mut db, &other, &bench.a.id).await.is_err(), "without the new master key it stays shut");
    })
    .await;
}

#[tokio::test]
async fn a_route_is_set_up_once_and_changed() {
    each_database(async |bench| {
        for from in ["faktura@nordlys.example", "post@nordlys.example"] {
            bench
                .write(move |tx| {
                    Box::pin(
                        async move { company::set_route(tx, &bench.a.id, "email", &RouteSetup(json!({ "from": from }))).await },
                    )
                })
                .await
                .unwrap();
        }
        let routes = company::routes(&mut *bench.read().await, &bench.a.id).await.unwrap();
        assert_eq!(routes, [("email".to_owned(), RouteSetup(json!({ "from": "post@nordlys.example" })))]);
    })
    .await;
}
