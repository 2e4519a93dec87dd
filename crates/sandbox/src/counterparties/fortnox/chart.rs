//! The chart of accounts, VAT rates, financial years and what else a company's Fortnox is set up with.

use jiff::civil::{Date, date};
use serde_json::{Value, json};

use super::refusals::Refused;
use super::tenants;
use super::work::{Done, Outcome, Work};

/// Accounts: number, description, VAT code. Some are of the Swedish chart, some of the Norwegian one, so that senders from either side
/// find what they book on.
const ACCOUNTS: [(u16, &str, &str); 50] = [
    (1510, "Kundfordringar", ""),
    (1920, "Bankkonto", ""),
    (1930, "Företagskonto", ""),
    (1940, "Övriga bankkonton", ""),
    (2440, "Leverantörsskulder", ""),
    (2611, "Utgående moms, 25 %", ""),
    (2614, "Utgående moms, 15 %", ""),
    (2621, "Utgående moms, 12 %", ""),
    (2631, "Utgående moms, 6 %", ""),
    (2640, "Ingående moms", ""),
    (2641, "Debiterad ingående moms", ""),
    (3000, "Försäljning, 25 %", "MP1"),
    (3001, "Försäljning inom Sverige, 25 %", "MP1"),
    (3002, "Försäljning inom Sverige, 12 %", "MP2"),
    (3003, "Försäljning inom Sverige, 6 %", "MP3"),
    (3004, "Försäljning inom Sverige, momsfri", "MF"),
    (3010, "Försäljning, 15 %", "MP4"),
    (3020, "Försäljning, 12 %", "MP2"),
    (3030, "Försäljning, 6 %", "MP3"),
    (3050, "Försäljning varor, 25 %", "MP1"),
    (3100, "Försäljning, momsfri", "MF"),
    (3105, "Försäljning varor, export", "E"),
    (3200, "Försäljning utanför momslagen", "MF"),
    (3300, "Försäljning till utlandet", "E"),
    (3305, "Försäljning tjänster, export", "E"),
    (3400, "Övriga intäkter", "MP1"),
    (3540, "Fakturerade kostnader", "MP1"),
    (3590, "Övriga fakturerade kostnader", "MP1"),
    (3600, "Rörelsens sidointäkter", "MP1"),
    (3740, "Öres- och kronutjämning", ""),
    (3900, "Övriga rörelseintäkter", "MP1"),
    (4000, "Inköp", ""),
    (4010, "Inköp material", ""),
    (4300, "Inköp varor", ""),
    (4500, "Inköp tjänster", ""),
    (5410, "Förbrukningsinventarier", ""),
    (5800, "Resekostnader", ""),
    (5810, "Biljetter", ""),
    (5830, "Kost och logi", ""),
    (6064, "Factoringavgifter", ""),
    (6110, "Kontorsmateriel", ""),
    (6230, "Datakommunikation", ""),
    (6351, "Konstaterade förluster på kundfordringar", ""),
    (6540, "IT-tjänster", ""),
    (6570, "Bankkostnader", ""),
    (6590, "Övriga externa tjänster", ""),
    (7320, "Traktamenten", ""),
    (8310, "Ränteintäkter", ""),
    (8313, "Ränteintäkter från kundfordringar", ""),
    (8420, "Räntekostnader", ""),
];

/// VAT rates with their code and the account of the VAT.
const RATES: [(i64, &str, u16); 5] = [(25, "MP1", 2611), (15, "MP4", 2614), (12, "MP2", 2621), (6, "MP3", 2631), (0, "MF", 2611)];

/// Receivables.
pub const RECEIVABLES: u16 = 1510;

/// Where the rounding to whole kronor goes.
pub const ROUNDING: u16 = 3740;

/// Where a payment comes in, where nobody says otherwise.
pub const BANK: u16 = 1930;

/// The account of a row that names none, by its VAT rate.
pub fn usual_account(rate: i64) -> u16 {
    match rate {
        12 => 3002,
        6 => 3003,
        0 => 3004,
        _ => 3001,
    }
}

/// The code and the account of a VAT rate.
///
/// # Errors
/// The company has no such rate: a code of the sandbox's own.
pub fn rate(work: &Work<'_>, percent: i64) -> Result<(&'static str, u16), Refused> {
    let found = RATES.iter().find(|(rate, ..)| *rate == percent && work.house.switches.vat_rates.contains(rate));
    let missing = || Refused::bad(2_999_003, format!("Momssatsen {percent} % finns inte."));
    found.map(|(_, code, account)| (*code, *account)).ok_or_else(missing)
}

/// May this account be booked on, with or without a project?
///
/// # Errors
/// It is not in the chart (2000423), is inactive (2000550), or wants or refuses a project.
pub fn account(work: &Work<'_>, number: u16, has_project: bool) -> Result<(), Refused> {
    let switches = &work.house.switches;
    if !ACCOUNTS.iter().any(|(known, ..)| *known == number) || switches.missing_accounts.contains(&number) {
        return Err(Refused::bad(2_000_423, format!("Kontot {number} finns inte i kontoplanen.")));
    }
    if switches.inactive_accounts.contains(&number) {
        return Err(Refused::bad(2_000_550, format!("Kontot {number} är inaktivt.")));
    }
    let is_sale = (3000..4000).contains(&number) && number != ROUNDING;
    match switches.project_settings.as_str() {
        "MANDATORY" if is_sale && !has_project => Err(Refused::bad(2_999_004, format!("Projekt måste anges på konto {number}."))),
        "NOTALLOWED" if is_sale && has_project => {
            Err(Refused::bad(2_999_004, format!("Projekt får inte anges på konto {number}.")))
        }
        _ => Ok(()),
    }
}

/// The id of the financial year of a day on which something may be booked.
///
/// # Errors
/// There is no such year, or the period is locked: codes of the sandbox's own.
pub fn open_year(work: &Work<'_>, day: Date) -> Result<i64, Refused> {
    let year = work.house.switches.year_of(day);
    let year = year.ok_or_else(|| Refused::bad(2_999_002, format!("Räkenskapsår saknas för datumet {day}.")))?;
    if work.house.switches.locked_until.is_some_and(|until| day <= until) {
        return Err(Refused::bad(2_999_005, format!("Perioden är låst för datumet {day}.")));
    }
    Ok(i64::from(year))
}

/// The accounts of a financial year.
///
/// # Errors
/// A page that is none, or a year that is none.
pub fn accounts(work: &Work<'_>) -> Outcome {
    let year = asked_year(work)?;
    let switches = &work.house.switches;
    let known = ACCOUNTS.iter().filter(|(number, ..)| !switches.missing_accounts.contains(number));
    let wanted = known.filter(|(number, ..)| work.asked("accountnumber").is_none_or(|part| number.to_string().contains(part)));
    let rows: Vec<Value> = wanted.map(|(number, description, code)| described(work, *number, description, code, year)).collect();
    let asked = |name, usual| work.asked(name).map_or(Some(usual), |text| text.parse::<usize>().ok());
    let (Some(page), Some(limit @ 1..=500)) = (asked("page", 1), asked("limit", 100)) else {
        return Err(Refused::bad(2_000_588, "Ogiltig parameter i anropet."));
    };
    let meta = json!({ "@TotalResources": rows.len(), "@TotalPages": rows.len().div_ceil(limit), "@CurrentPage": page });
    let shown: Vec<Value> = rows.into_iter().skip(page.saturating_sub(1) * limit).take(limit).collect();
    Ok(Done::said(json!({ "MetaInformation": meta, "Accounts": shown })))
}

/// One account.
///
/// # Errors
/// It is not in the chart.
pub fn one_account(number: &str, work: &Work<'_>) -> Outcome {
    let year = asked_year(work)?;
    let missing = &work.house.switches.missing_accounts;
    let found = ACCOUNTS.iter().find(|(known, ..)| known.to_string() == number && !missing.contains(known));
    let (number, description, code) = found.ok_or_else(|| Refused::missing(2_000_423, "Kan inte hitta kontot."))?;
    Ok(Done::said(json!({ "Account": described(work, *number, description, code, year) })))
}

fn described(work: &Work<'_>, number: u16, description: &str, code: &str, year: i64) -> Value {
    let switches = &work.house.switches;
    let code = switches.account_vat_codes.get(&number).map_or(code, String::as_str);
    let settings = if (3000..4000).contains(&number) { switches.project_settings.as_str() } else { "ALLOWED" };
    json!({
        "@url": format!("/3/accounts/{number}"), "Active": !switches.inactive_accounts.contains(&number), "Number": number,
        "Description": description, "VATCode": code, "Year": year, "SRU": 0, "CostCenter": null, "CostCenterSettings": "ALLOWED",
        "Project": "", "ProjectSettings": settings,
    })
}

/// The year that the address asks for by its id or a day, else the one of today, else the last.
fn asked_year(work: &Work<'_>) -> Result<i64, Refused> {
    let switches = &work.house.switches;
    let none = || Refused::bad(2_999_002, "Räkenskapsår saknas.");
    let last = i64::from(switches.last_year - switches.first_year + 1);
    if let Some(id) = work.asked("financialyear") {
        return id.parse().ok().filter(|id| (1..=last).contains(id)).ok_or_else(none);
    }
    match work.asked("financialyeardate") {
        Some(day) => day.parse().ok().and_then(|day| switches.year_of(day)).map(i64::from).ok_or_else(none),
        None => Ok(switches.year_of(work.today()).map_or(last, i64::from)),
    }
}

/// The financial years; `date` asks for the one of a day.
///
/// # Errors
/// A day that is none.
pub fn years(work: &Work<'_>) -> Outcome {
    let switches = &work.house.switches;
    let day = match work.asked("date") {
        None => None,
        Some(text) => Some(text.parse::<Date>().map_err(|_| Refused::bad(2_000_588, "Ogiltig parameter i anropet: date."))?),
    };
    // Nobody has more than a few years open ahead; the sandbox's clock may be moved far.
    let last = switches.last_year.min(work.today().year() + 1);
    let wanted = (switches.first_year..=last).filter(|year| day.is_none_or(|day| day.year() == *year));
    let rows: Vec<Value> = wanted.map(|year| year_row(switches.first_year, year)).collect();
    let meta = json!({ "@TotalResources": rows.len(), "@TotalPages": 1, "@CurrentPage": 1 });
    Ok(Done::said(json!({ "MetaInformation": meta, "FinancialYears": rows })))
}

fn year_row(first: i16, year: i16) -> Value {
    let id = year - first + 1;
    json!({
        "@url": format!("/3/financialyears/{id}"), "Id": id, "FromDate": date(year, 1, 1), "ToDate": date(year, 12, 31),
        "AccountChartType": "BAS", "AccountingMethod": "ACCRUAL",
    })
}

/// What the company is.
pub fn company_information(work: &Work<'_>) -> Done {
    let tenant = work.house.tenant;
    Done::said(json!({ "CompanyInformation": {
        "Address": "Storgatan 1", "City": "Göteborg", "CountryCode": "SE", "DatabaseNumber": tenant, "CompanyName": tenants::name(tenant),
        "OrganizationNumber": shown_organisation(tenant), "VisitAddress": "", "VisitCity": "", "VisitCountryCode": "", "VisitZipCode": "",
        "ZipCode": "411 01",
    } }))
}

/// How the company is set up.
pub fn company_settings(work: &Work<'_>) -> Done {
    let tenant = work.house.tenant;
    Done::said(json!({ "CompanySettings": {
        "Name": tenants::name(tenant), "OrganizationNumber": shown_organisation(tenant), "DatabaseNumber": tenant, "Address": "Storgatan 1",
        "ZipCode": "411 01", "City": "Göteborg", "Country": "Sverige", "CountryCode": "SE", "BG": "5050-1055", "TaxEnabled": true,
        "VatNumber": format!("SE{}01", tenants::organisation(tenant)),
    } }))
}

/// Who the token belongs to.
pub fn me() -> Done {
    Done::said(
        json!({ "MeInformation": { "Id": "1", "Name": "Kim Sandberg", "Email": "kim@sandladan.example", "SysAdmin": true, "Locale": "sv_SE" } }),
    )
}

/// Until when everything is locked.
pub fn locked_period(work: &Work<'_>) -> Done {
    Done::said(json!({ "LockedPeriod": { "EndDate": work.house.switches.locked_until } }))
}

/// Which account is used for what.
pub fn predefined_accounts() -> Done {
    let accounts = [
        ("CUSTCLAIM", RECEIVABLES),
        ("ROUNDOFF", ROUNDING),
        ("BG", BANK),
        ("INVAT", 2640),
        ("OUTVAT_MP1", 2611),
        ("OUTVAT_MP2", 2621),
        ("OUTVAT_MP3", 2631),
        ("OUTVAT_MP4", 2614),
        ("SALES_25_SE", 3001),
        ("SALES_12_SE", 3002),
        ("SALES_6_SE", 3003),
        ("SALES_0_SE", 3004),
    ];
    let row = |(name, account): (&str, u16)| json!({ "@url": format!("/3/predefinedaccounts/{name}"), "Name": name, "Account": account });
    let rows = accounts.map(row);
    let meta = json!({ "@TotalResources": rows.len(), "@TotalPages": 1, "@CurrentPage": 1 });
    Done::said(json!({ "MetaInformation": meta, "PredefinedAccounts": rows }))
}

/// The voucher series.
pub fn series() -> Done {
    let rows = SERIES.map(|(code, name)| json!({ "@url": format!("/3/voucherseries/{code}"), "Code": code, "Description": name, "Manual": code == "A" }));
    let meta = json!({ "@TotalResources": rows.len(), "@TotalPages": 1, "@CurrentPage": 1 });
    Done::said(json!({ "MetaInformation": meta, "VoucherSeriesCollection": rows }))
}

/// Voucher series: by hand, customer invoices, their payments, supplier invoices.
pub const SERIES: [(&str, &str); 4] =
    [("A", "Redovisning"), ("B", "Kundfakturor"), ("C", "Kundinbetalningar"), ("D", "Leverantörsfakturor")];

/// An organisation number with its hyphen.
fn shown_organisation(tenant: u32) -> String {
    let digits = tenants::organisation(tenant);
    format!("{}-{}", &digits[..6], &digits[6..])
}
