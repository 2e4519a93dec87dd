//! What the simulated Fortnox keeps of each company: records on shelves, and what was changed when.
//!
//! Whatever happens is a [`Record`], which the caller writes down and reads back into [`Books::remember`] after a start.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::doors::Passage;
use super::tenants::{self, Nature, Switches, TENANTS};

/// An object of JSON.
pub type Object = Map<String, Value>;

/// Where a kind of records stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shelf {
    /// By CustomerNumber.
    Customers,
    /// By ProjectNumber.
    Projects,
    /// By DocumentNumber.
    Invoices,
    /// By Number.
    Payments,
    /// By SupplierNumber.
    Suppliers,
    /// By GivenNumber.
    SupplierInvoices,
    /// By series, number and year's id, parted by `/`.
    Vouchers,
    /// By Id.
    Files,
    /// Files on invoices, by id.
    Attachments,
    /// Files on vouchers, by file.
    VoucherFiles,
    /// Files on supplier invoices, by file.
    SupplierFiles,
}

/// One thing that happened, as the sandbox's journal keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// A record was made or changed.
    Put {
        /// Whose.
        tenant: u32,
        /// Where it stands.
        shelf: Shelf,
        /// Its number.
        key: String,
        /// All of it.
        value: Object,
        /// When, by the business clock.
        at: Timestamp,
    },
    /// A record was taken away.
    Gone {
        /// Whose.
        tenant: u32,
        /// Where it stood.
        shelf: Shelf,
        /// Its number.
        key: String,
    },
    /// A company's Fortnox was set up differently.
    Switched {
        /// Whose.
        tenant: u32,
        /// How it is now.
        switches: Switches,
    },
    /// Somebody was let in, or out.
    Passage(Passage),
}

/// A record that is kept.
#[derive(Debug, Clone)]
pub struct Kept {
    /// What it says. Names that begin with `_` are for us alone.
    pub value: Object,
    /// When it was changed last.
    pub modified: Timestamp,
    /// How often it was written.
    pub times: u32,
}

/// One company's Fortnox.
#[derive(Debug)]
pub struct House {
    /// The company.
    pub tenant: u32,
    /// How it is set up.
    pub switches: Switches,
    shelves: HashMap<Shelf, BTreeMap<String, Kept>>,
    /// The highest number on each shelf.
    last: HashMap<Shelf, u64>,
    /// The last voucher's number in each series and year.
    series: HashMap<(String, i64), u64>,
    /// Customer numbers that were deleted stay taken.
    gone: HashSet<String>,
}

/// Everything kept.
#[derive(Debug)]
pub struct Books {
    houses: BTreeMap<u32, House>,
}

impl Default for Books {
    fn default() -> Books {
        let house = |line: &crate::personas::Description<Nature>| {
            let tenant = line.name.parse().unwrap_or_default();
            (tenant, House::new(tenant, line.persona))
        };
        Books { houses: TENANTS.iter().map(house).collect() }
    }
}

impl Books {
    /// One company's.
    pub fn house(&self, tenant: u32) -> Option<&House> {
        self.houses.get(&tenant)
    }

    /// Enters what happened; a passage is the doors' to enter.
    pub fn remember(&mut self, record: &Record) {
        match record {
            Record::Put { tenant, shelf, key, value, at } => {
                if let Some(house) = self.houses.get_mut(tenant) {
                    house.put(*shelf, key, value.clone(), *at);
                }
            }
            Record::Gone { tenant, shelf, key } => {
                if let Some(house) = self.houses.get_mut(tenant) {
                    house.shelves.entry(*shelf).or_default().remove(key);
                    if *shelf == Shelf::Customers {
                        house.gone.insert(key.clone());
                    }
                }
            }
            Record::Switched { tenant, switches } => {
                if let Some(house) = self.houses.get_mut(tenant) {
                    house.switches = switches.clone();
                }
            }
            Record::Passage(_) => {}
        }
    }
}

impl House {
    fn new(tenant: u32, nature: Nature) -> House {
        let mut house = House {
            tenant,
            switches: Switches::of(nature),
            shelves: HashMap::new(),
            last: HashMap::new(),
            series: HashMap::new(),
            gone: HashSet::new(),
        };
        let mut put = |shelf, key: &str, value: Value| {
            let value = value.as_object().cloned().unwrap_or_default();
            house.put(shelf, key, value, Timestamp::UNIX_EPOCH);
        };
        put(Shelf::Suppliers, "1", json!({"SupplierNumber": "1", "Name": "Leverantören AB", "Active": true}));
        if nature == Nature::OtherNumbers {
            for number in ["10001", "10002", "10003"] {
                let customer =
                    json!({"CustomerNumber": number, "Name": "Egen kund", "Type": "COMPANY", "VATType": "SEVAT", "Active": true});
                put(Shelf::Customers, number, customer);
                let project = json!({"ProjectNumber": number, "Description": "Eget projekt", "Status": "ONGOING"});
                put(Shelf::Projects, number, project);
                put(Shelf::Invoices, number, own_invoice(number));
            }
        }
        house
    }

    fn put(&mut self, shelf: Shelf, key: &str, value: Object, at: Timestamp) {
        if let Ok(number) = key.parse::<u64>() {
            let last = self.last.entry(shelf).or_default();
            *last = number.max(*last);
        }
        if shelf == Shelf::Vouchers
            && let [series, number, year] = key.split('/').collect::<Vec<_>>()[..]
            && let (Ok(number), Ok(year)) = (number.parse::<u64>(), year.parse())
        {
            let last = self.series.entry((series.to_owned(), year)).or_default();
            *last = number.max(*last);
        }
        let shelf = self.shelves.entry(shelf).or_default();
        let times = shelf.get(key).map_or(0, |kept| kept.times) + 1;
        shelf.insert(key.to_owned(), Kept { value, modified: at, times });
    }

    /// A record.
    pub fn get(&self, shelf: Shelf, key: &str) -> Option<&Kept> {
        self.shelves.get(&shelf)?.get(key)
    }

    /// All of a kind, by number.
    pub fn all(&self, shelf: Shelf) -> Vec<(&String, &Kept)> {
        let mut all: Vec<_> = self.shelves.get(&shelf).into_iter().flatten().collect();
        all.sort_by_key(|(key, _)| (key.len(), *key));
        all
    }

    /// Those of a kind whose key begins so.
    pub fn starting<'a>(&'a self, shelf: Shelf, prefix: &'a str) -> impl Iterator<Item = (&'a String, &'a Kept)> {
        let shelf = self.shelves.get(&shelf).into_iter();
        shelf.flat_map(move |shelf| shelf.range(prefix.to_owned()..).take_while(move |(key, _)| key.starts_with(prefix)))
    }

    /// The next free number of a kind.
    pub fn next(&self, shelf: Shelf) -> String {
        (self.last.get(&shelf).copied().unwrap_or(0) + 1).to_string()
    }

    /// The next voucher number of a series in a financial year.
    pub fn next_voucher(&self, series: &str, year: i64) -> u64 {
        self.series.get(&(series.to_owned(), year)).copied().unwrap_or(0) + 1
    }

    /// Was a customer with this number deleted?
    pub fn is_gone(&self, customer: &str) -> bool {
        self.gone.contains(customer)
    }

    /// The company's organisation number, digits only.
    pub fn organisation(&self) -> String {
        tenants::organisation(self.tenant)
    }
}

fn own_invoice(number: &str) -> Value {
    json!({
        "DocumentNumber": number, "CustomerNumber": number, "CustomerName": "Egen kund", "InvoiceDate": "2024-01-15",
        "DueDate": "2024-02-14", "OCR": number, "Booked": true, "Cancelled": false, "Credit": "false", "CreditInvoiceReference": "0",
        "Total": 125, "TotalToPay": 125, "TotalVAT": 25, "Net": 100, "Gross": 100, "RoundOff": 0, "Balance": 125, "Sent": true,
        "Currency": "SEK", "CurrencyRate": 1, "InvoiceType": "INVOICE", "InvoiceRows": [],
    })
}
