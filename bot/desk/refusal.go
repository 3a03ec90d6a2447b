package desk

import "factorbot/bot/policy"

// Refusal is a refusal by the policy, with words for the person, as they are.
type Refusal = policy.Refusal
