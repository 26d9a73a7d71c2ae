//! What AWS asks for by the hour, and what that makes in a month of 730 hours.
//!
//! The prices are in one dated table. Data, traffic, capacity units of load balancers, and logs are not in it, since what
//! they come to depends on what runs: what is told here is what one pays for being there.

mod cost;
mod table;

pub use cost::{Cost, Line, Spread, cost};
pub use table::{AS_OF, HOURS, Item};

use table::{HOME, Prices};

/// Whose prices these are: the region's own where the table has them, else those of us-east-1.
#[derive(Debug, Clone, Copy)]
pub struct PriceList {
    prices: &'static Prices,
    /// Whether these are the prices of the region that was asked for.
    pub is_of_region: bool,
}

impl PriceList {
    pub fn of(region: &str) -> Self {
        let own = table::REGIONS.iter().find(|(names, _)| names.contains(&region));
        let (prices, is_of_region) = own.map_or((&HOME, false), |(_, prices)| (prices, true));
        Self { prices, is_of_region }
    }

    /// US cents a month for a number of units, halves rounded up.
    pub const fn cents(&self, item: Item, units: u64) -> u64 {
        // Micro-dollars an hour; ten thousand of them are a cent.
        (self.prices.hourly(item) * units * HOURS + 5_000) / 10_000
    }
}

/// `32.85`
pub fn dollars(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_has_730_hours_and_halves_of_a_cent_are_rounded_up() {
        let prices = PriceList::of("us-east-1");
        assert_eq!(prices.cents(Item::NatGateway, 1), 3285);
        assert_eq!(prices.cents(Item::PublicIpv4, 1), 365);
        assert_eq!(prices.cents(Item::InterfaceEndpoint, 2), 1460);
        // 16.425 USD
        assert_eq!(prices.cents(Item::ApplicationLoadBalancer, 1), 1643);
        assert_eq!(dollars(1643), "16.43");
    }

    #[test]
    fn a_region_that_the_table_does_not_know_gets_the_prices_of_us_east_1_and_is_told_so() {
        let (known, unknown) = (PriceList::of("us-east-1"), PriceList::of("ap-south-2"));
        assert!(known.is_of_region && !unknown.is_of_region);
        assert_eq!(unknown.cents(Item::NatGateway, 1), known.cents(Item::NatGateway, 1));
    }
}
