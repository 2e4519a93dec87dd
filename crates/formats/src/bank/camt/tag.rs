//! The elements of camt.053 and camt.054 that are read, by their local names, which are the same in every version.

macro_rules! tags {
    ($($name:ident),* $(,)?) => {
        /// An element.
        #[expect(clippy::upper_case_acronyms, reason = "the names are those of the schema")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Tag {
            $(
                #[doc = stringify!($name)]
                $name,
            )*
            /// The message: of a notification or of a statement.
            Message,
            /// What is passed over.
            Other,
        }

        impl Tag {
            /// The element with this local name.
            pub fn of(name: &str) -> Tag {
                match name {
                    $(stringify!($name) => Tag::$name,)*
                    _ => Tag::Other,
                }
            }
        }
    };
}

tags![
    Acct,
    AcctSvcrRef,
    AddtlNtryInf,
    AddtlTxInf,
    Amt,
    AmtDtls,
    Bal,
    BkTxCd,
    BookgDt,
    Btch,
    Ccy,
    Cd,
    CdOrPrtry,
    Cdtr,
    CdtrAcct,
    CdtrRefInf,
    CdtDbtInd,
    CreDtTm,
    Dbtr,
    DbtrAcct,
    Domn,
    Dt,
    DtTm,
    Fmly,
    GrpHdr,
    IBAN,
    Id,
    MsgId,
    NbOfNtries,
    NbOfTxs,
    Nm,
    Ntfctn,
    Ntry,
    NtryDtls,
    Othr,
    Prtry,
    Pty,
    Ref,
    Refs,
    RfrdDocAmt,
    RltdPties,
    RmtInf,
    RmtdAmt,
    RtrInf,
    RvslInd,
    Stmt,
    Strd,
    Sts,
    Sum,
    Tp,
    TtlCdtNtries,
    TtlDbtNtries,
    TtlNtries,
    TxAmt,
    TxDtls,
    TxsSummry,
    Ustrd,
    ValDt,
];
