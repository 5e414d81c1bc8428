#include "cli/pin_policies.h"

#include <map>
#include <memory>

#include "cli/found_image.h"
#include "slipway/base/text.h"
#include "slipway/config/decoder.h"
#include "slipway/run/reference_resolver.h"
#include "slipway/store/powers.h"

namespace slipway::cli {

namespace {

using Tags = std::vector<std::string>;

/// The tags of repositories, each listed once.
class TagLists {
 public:
  explicit TagLists(Context& context) : context_(context) {}

  Result<const Tags*> of(const oci::Location& written) {
    const auto known = lists_.find(written.place());
    if (known != lists_.end()) return &known->second;
    SLIPWAY_ASSIGN(const oci::Location place, oci::Location::parse_for_reading(written.place()));
    SLIPWAY_ASSIGN(const auto target, context_.opener().open_for_reading(place, Side::source));
    auto* lister = store::as<store::TagLister>(*target);
    if (lister == nullptr) return fail(no_tag_list(*target));
    auto tags = lister->list_tags();
    if (!tags) return fail(std::move(tags).error().in("listing the tags of " + written.place()));
    return &lists_.emplace(written.place(), *std::move(tags)).first->second;
  }

 private:
  Context& context_;
  std::map<std::string, Tags> lists_;
};

/// Returns the full name of a policy's name, or "*".
Result<std::string> place_of(const std::string& name) {
  if (name == "*") return name;
  return run::place_of_name(name);
}

}  // namespace

std::vector<NamedPolicy> decode_pin(const config::Node& document, Diagnostics& diagnostics) {
  std::vector<NamedPolicy> policies;
  const config::Node* pin = document.find("pin");
  if (pin == nullptr) return policies;
  config::Decoder decoder(*pin, "pin", diagnostics);
  const config::Node* update = decoder.get("update");
  for (const auto& [name, text] : decoder.string_map("update")) {
    auto policy = run::parse_update_policy(text);
    const auto place = place_of(name);
    const Where where = update->find(name)->where;
    if (!place) {
      diagnostics.error(where, "pin.update: " + place.error().message, place.error().hint);
    } else if (!policy) {
      diagnostics.error(where, fmt::format("pin.update.{}: {}", printable(name, 200), policy.error().message),
                        policy.error().hint);
    } else {
      policies.push_back({*place, *std::move(policy)});
    }
  }
  decoder.finish();
  return policies;
}

Result<decltype(run::PinOptions::choose_tag)> tag_chooser(Context& context, const std::vector<std::string>& update,
                                                          std::vector<NamedPolicy> policies) {
  SLIPWAY_ASSIGN(auto is_updated, run::matcher_of(update));
  std::map<std::string, run::UpdatePolicy> by_place;
  for (NamedPolicy& named : policies)
    by_place.emplace(std::move(named.name), std::move(named.policy));
  auto lists = std::make_shared<TagLists>(context);
  return [is_updated = std::move(is_updated), by_place = std::move(by_place), lists](
             const oci::Location& written,
             const std::optional<run::UpdatePolicy>& beside) -> Result<std::optional<run::ChosenTag>> {
    if (!is_updated(written)) return std::nullopt;
    auto named = by_place.find(written.place());
    if (named == by_place.end()) named = by_place.find("*");
    if (!beside && named == by_place.end()) return std::nullopt;
    const run::UpdatePolicy& policy = beside ? *beside : named->second;
    if (policy.by == run::UpdatePolicy::By::same) return std::nullopt;
    SLIPWAY_ASSIGN(const Tags* tags, lists->of(written));
    return std::optional(run::ChosenTag{run::newest_tag(policy, *written.tag(), *tags), policy.str()});
  };
}

}  // namespace slipway::cli
