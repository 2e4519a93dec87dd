//! A new master key: every data key is sealed with it. Afterwards only backups need the older master keys.

use futures_util::FutureExt;

use crate::error::Result;
use crate::hub::Hub;
use crate::store::company;
use crate::store::event::NewEvent;
use crate::store::house;

/// Companies that are looked at in one read.
const PAGE: i64 = 1000;

/// Makes a new master key and seals the house's key and every company's key anew. Answers how many companies' keys that were.
/// A crash half way is harmless: every key stays openable with the master key that sealed it, and the next rotation goes on.
pub async fn rotate_keys(hub: &Hub) -> Result<usize> {
    hub.vault().rotate()?;
    let vault = hub.vault_handle();
    hub.write(move |tx| {
        let vault = vault.clone();
        async move { house::reseal(tx, &vault).await }.boxed()
    })
    .await?;
    let mut rotated = 0;
    // A company that was being added meanwhile may still have come with the old key: over when a look finds none.
    loop {
        match reseal_all(hub).await? {
            0 => return Ok(rotated),
            resealed => rotated += resealed,
        }
    }
}

/// Looks at every company once, and seals anew what an older master key sealed.
async fn reseal_all(hub: &Hub) -> Result<usize> {
    let (mut after, mut resealed) = (String::new(), 0);
    loop {
        let page = company::keys_after(&mut *hub.db().read().await?, &after, PAGE).await?;
        let Some((last, _)) = page.last() else { return Ok(resealed) };
        after.clone_from(last);
        for (company, sealed) in page {
            if !hub.vault().is_sealed_with_newest(&sealed) {
                reseal(hub, company).await?;
                resealed += 1;
            }
        }
    }
}

async fn reseal(hub: &Hub, company: String) -> Result<()> {
    let (vault, now) = (hub.vault_handle(), hub.clock().business_ms());
    hub.write(move |tx| {
        let (vault, company) = (vault.clone(), company.clone());
        async move {
            let company = company::by_id(tx.db(), &vault, &company).await?;
            company::save_key(tx, &company.id, &vault.seal_company_key(&company.key)).await?;
            tx.tell(NewEvent::new(&company.id, &company.key, now, "company.key_rotated", &company.id, &())?);
            Ok(())
        }
        .boxed()
    })
    .await
}
