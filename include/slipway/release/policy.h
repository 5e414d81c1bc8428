#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "slipway/release/environment.h"
#include "slipway/release/event.h"
#include "slipway/release/plan.h"

/// Judging is split in two, so that judgement is pure: Facts are gathered first (facts.h, with I/O), then judge() gives
/// every reason against the plan, without I/O but for the time zones' rules. The same rules, plan and facts give the
/// same reasons on every machine and at any time; the entry records the digest of the rules' canonical().
///
/// A rule belongs to one of three groups. `deny` and `platforms` hold always. A hold stops everything but rollbacks.
/// soak, freeze, annotations, max-age, exec, approvals and `after` are not asked of a rollback (unless
/// `strict-rollback` is set) nor of an adoption: an incident must not wait for them.
namespace slipway::release {

/// The state of the world when a plan is judged; gathered before, never by the policy.
struct Facts {
  std::map<std::string, std::optional<Digest>> active_builds;  ///< environment -> its active build, nullopt: none
  std::map<std::string, std::int64_t> active_since;            ///< environment -> unix seconds, without a break since
  std::vector<std::string> platforms;                          ///< of the build
  std::map<std::string, std::string> annotations;              ///< of the build
  std::optional<std::int64_t> created;                         ///< of the build, unix seconds, if it has a time
  std::optional<Hold> hold;
  std::optional<std::vector<std::string>> approvers;  ///< of the plan; nullopt: approvals are not judged yet
  std::vector<std::string> objections;                ///< of the program in PolicyRules::exec
  std::int64_t now = 0;                               ///< unix seconds
};

/// A rule that can refuse a plan; `--bypass` names rules by name_of().
enum class Rule {
  deny,
  platforms,
  hold,
  freeze,
  annotations,
  max_age,
  exec,
  approvals,
  after,
  soak,
  returned,
  replaces
};
/// Returns the rule's name as in slipway.yaml and --bypass, e.g. "max-age".
std::string_view name_of(Rule rule);

/// One reason against a plan.
struct Reason {
  Rule rule;
  std::string text;
  std::optional<std::int64_t> until{};  ///< unix seconds at which it ends by itself; nullopt: it does not
  bool operator==(const Reason&) const = default;
};

/// Returns the rules that a recorded bypass covers. A list of rule names covers these; any other text is the reason of
/// the bare form, which covers soak, freeze, after, approvals and a hold. `deny` is never covered.
std::vector<Rule> bypassed_rules(std::string_view bypass);
/// Returns true if the text is a list of rule names.
bool names_rules(std::string_view bypass);

/// The rules of one environment. Pure: no I/O but the time zones' rules, the same answer for the same question.
class Policy {
 public:
  explicit Policy(const Environment& environment)
      : after_(environment.after), any_(environment.after_any), rules_(environment.rules) {}
  /// Parses what canonical() wrote. Errc::malformed; invalid_argument for rules this version does not know.
  static Result<Policy> parse(std::string_view json);
  /// Returns every reason against the plan; empty means allowed. A rollback is judged by denied digests and platforms
  /// only unless the rules are strict for it; a change of config moves no build and has to follow none.
  std::vector<Reason> judge(const Plan& plan, const Facts& facts) const;
  /// Returns the reason that approvals are missing, if they are and `facts` have approvers; nullopt otherwise.
  std::optional<std::string> missing_approvals(const Plan& plan, const Facts& facts) const;
  /// Returns the canonical JSON of the rules; its digest is recorded in entries.
  Result<std::string> canonical() const;
  /// The environments whose active builds judge() needs to know.
  const std::vector<std::string>& upstreams() const { return after_; }
  const PolicyRules& rules() const { return rules_; }
  /// Returns true if the plan is judged by all rules: it is not an adoption, and not a rollback without strict rules.
  bool judges_wholly(const Plan& plan) const {
    if (plan.entry.kind == Kind::adopt) return false;  // it runs already
    return plan.entry.kind != Kind::rollback || rules_.strict_rollback;
  }
  bool needs_history() const { return rules_.soak > 0; }  ///< judge() reads Facts::active_since
  bool needs_image() const {                              ///< judge() reads platforms, annotations or created
    return !rules_.platforms.empty() || !rules_.annotations.empty() || rules_.max_age > 0;
  }

 private:
  Policy(std::vector<std::string> after, bool any, PolicyRules rules)
      : after_(std::move(after)), any_(any), rules_(std::move(rules)) {}
  void judge_build(const Plan& plan, const Facts& facts, std::vector<Reason>& reasons) const;
  void judge_time(const Plan& plan, const Facts& facts, std::vector<Reason>& reasons) const;
  void judge_after(const Plan& plan, const Facts& facts, std::vector<Reason>& reasons) const;
  std::optional<Reason> not_ready(const std::string& upstream, const Plan& plan, const Facts& facts) const;

  std::vector<std::string> after_;
  bool any_;
  PolicyRules rules_;
};

/// Returns the reasons that the plan's bypass does not cover.
std::vector<Reason> standing_reasons(const Policy& policy, const Plan& plan, const Facts& facts);
/// Success without reasons, else Errc::policy_denied with all of them: "not yet, at the earliest ..." where waiting
/// helps, "refused" where it does not.
Status refuse(const std::vector<Reason>& reasons);
/// Success, or Errc::policy_denied with all reasons that the plan's bypass does not cover.
Status enforce(const Policy& policy, const Plan& plan, const Facts& facts);

}  // namespace slipway::release
