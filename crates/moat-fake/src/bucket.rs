//! The bucket from which EC2 pays calls for VPC endpoints.

/// How many calls it holds, and how many milliseconds one more takes ("Request throttling for the Amazon EC2 API").
const HOLDS: u64 = 4;
const REFILL: u64 = 3_334;

/// In milliseconds of refill that are missing.
#[derive(Debug, Clone, Default)]
pub struct Bucket {
    missing: u64,
    at: u64,
    /// How many calls found it empty.
    pub refused: u64,
}

impl Bucket {
    /// Pays for a call; false when it is empty.
    pub fn pay(&mut self, now: u64) -> bool {
        self.missing = self.missing.saturating_sub(now.saturating_sub(self.at));
        self.at = now;
        let is_paid = self.missing + REFILL <= HOLDS * REFILL;
        if is_paid {
            self.missing += REFILL;
        } else {
            self.refused += 1;
        }
        is_paid
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c11_seven_calls_take_ten_seconds() {
        let mut bucket = Bucket::default();
        assert_eq!((0..7).filter(|_| bucket.pay(0)).count(), 4);
        assert_eq!((0..3).filter(|_| bucket.pay(10_002)).count(), 3);
        assert!(!bucket.pay(10_002));
        assert_eq!(bucket.refused, 4);
    }
}
