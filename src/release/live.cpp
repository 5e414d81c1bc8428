#include "slipway/release/live.h"

#include <algorithm>

#include "release/proof_of_bytes.h"
#include "slipway/base/text.h"
#include "slipway/copy/copy.h"
#include "slipway/oci/media_type.h"

namespace slipway::release {
namespace {

/// A digest and everything that an index below it names.
Status add_graph(store::ReadTarget& target, const oci::Descriptor& root, std::vector<Digest>& all) {
  all.push_back(root.digest);
  SLIPWAY_ASSIGN(const oci::Document document, copy::fetch_document(target, root));
  for (const oci::Descriptor& child : oci::children(document)) {
    const bool seen = std::find(all.begin(), all.end(), child.digest) != all.end();
    if (!seen && oci::is_graph_node(child.media_type)) SLIPWAY_TRY(add_graph(target, child, all));
  }
  return {};
}

class Uses {
 public:
  Uses(const oci::Location& location, const oci::Descriptor& root, const ReleaseServices& services)
      : location_(location), root_(root), services_(services) {}

  Status ask_project(const Project& project) {
    if (project.ledger.place() == location_.place() && location_.tag()) add_record(project);
    for (const Environment& environment : project.environments) {
      if (environment.repository.place() != location_.place()) continue;
      SLIPWAY_TRY(ask(project.ledger, project.app, environment.name));
    }
    return {};
  }

  Status ask_evidence() {
    SLIPWAY_ASSIGN(const auto target, services_.opener->open_for_reading(location_, Side::source));
    auto* lister = store::as<store::ReferrerLister>(*target);
    if (lister == nullptr) return {};
    SLIPWAY_ASSIGN(const auto found, lister->referrers(root_.digest, std::string(kEntryType)));
    for (const oci::Descriptor& descriptor : found) {
      const auto evidence = read_evidence(*target, descriptor);
      if (!evidence || evidence->entry.image.digest != root_.digest) continue;  // somebody else's claim
      const Entry& entry = evidence->entry;
      const auto ledger = oci::Location::parse(entry.ledger);
      if (!ledger || !ledger->is_registry()) continue;  // another machine's folder
      SLIPWAY_TRY(ask(*ledger, entry.app, entry.environment));
    }
    return {};
  }

  std::vector<std::string> take() { return std::move(uses_); }

 private:
  void add_record(const Project& project) {
    for (const Environment& environment : project.environments) {
      const std::string prefix = project.app + "." + environment.name + ".";
      if (location_.tag()->rfind(prefix, 0) == 0) {
        add(fmt::format("it is a record of the ledger of {}", environment.name));
      }
    }
  }

  Status ask(const oci::Location& place, const std::string& app, const std::string& environment) {
    const std::string name = fmt::format("{} of {}", printable(environment, 80), printable(app, 80));
    Ledger ledger = services_.ledger(place);
    ledger.require_everything_seen();
    auto head = ledger.head(app, environment);
    if (!head) {
      return fail(Error(Errc::conflict, fmt::format("the ledger {} cannot be asked whether {} runs it: {}", place.str(),
                                                    name, head.error().message))
                      .with_hint("delete without asking: slipway delete REF --force"));
    }
    if (!*head) return {};
    const Digest& active = (*head)->entry.image.digest;
    const std::int64_t number = (*head)->entry.number;
    if (active == root_.digest) {
      add(fmt::format("it is what {} runs (v{})", name, number));
      return {};
    }
    SLIPWAY_ASSIGN(const auto target, services_.opener->open_for_reading(location_, Side::source));
    const auto image = target->resolve(active);
    if (!image) return {};  // elsewhere
    std::vector<Digest> all;
    SLIPWAY_TRY(add_graph(*target, *image, all));
    const bool part = std::find(all.begin(), all.end(), root_.digest) != all.end();
    if (part) add(fmt::format("it is a part of what {} runs (v{})", name, number));
    return {};
  }

  void add(std::string use) {
    if (std::find(uses_.begin(), uses_.end(), use) == uses_.end()) uses_.push_back(std::move(use));
  }

  const oci::Location& location_;
  const oci::Descriptor& root_;
  const ReleaseServices& services_;
  std::vector<std::string> uses_;
};

}  // namespace

Result<std::vector<std::string>> uses_of(const oci::Location& location, const oci::Descriptor& root,
                                         const Project* project, const ReleaseServices& services) {
  Uses uses(location, root, services);
  if (project != nullptr) SLIPWAY_TRY(uses.ask_project(*project));
  SLIPWAY_TRY(uses.ask_evidence());
  return uses.take();
}

}  // namespace slipway::release
