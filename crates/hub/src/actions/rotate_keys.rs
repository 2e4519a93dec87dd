//! A new master key: every company's key is sealed with it, and the older master keys are no longer needed.

use futures_util::FutureExt;

use crate::error::Result;
use crate::hub::Hub;
use crate::store::company;
use crate::store::event::NewEvent;

/// Makes a new master key and seals every company's key anew. Answers how many companies there are. A crash half way is
/// harmless: every key stays openable with the master key that sealed it, and the next rotation goes on.
pub async fn rotate_keys(hub: &Hub) -> Result<usize> {
    hub.vault().rotate()?;
    let companies = company::all(&mut *hub.db().read().await?, hub.vault()).await?;
    let rotated = companies.len();
    for company in companies {
        let sealed = hub.vault().seal_company_key(&company.key);
        let now = hub.clock().business_ms();
        hub.write(move |tx| {
            let (company, sealed) = (company.clone(), sealed.clone());
            async move {
                company::save_key(tx, &company.id, &sealed).await?;
                tx.tell(NewEvent::new(&company.id, &company.key, now, "company.key_rotated", &company.id, &())?);
                Ok(())
            }
            .boxed()
        })
        .await?;
    }
    Ok(rotated)
}
