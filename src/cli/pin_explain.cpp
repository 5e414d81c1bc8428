#include "cli/pin_explain.h"

#include <algorithm>
#include <set>
#include <utility>

#include "cli/found_image.h"
#include "slipway/base/text.h"
#include "slipway/builder/sbom.h"

namespace slipway::cli {

namespace {

constexpr std::size_t kMaxPackages = 40;
constexpr std::size_t kMaxPlaces = 20;
constexpr std::string_view kVersion = "org.opencontainers.image.version",
                           kRevision = "org.opencontainers.image.revision";

/// A text of an image in a cell: nothing that Markdown or HTML reads as more than text.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : printable(text, 200)) {
    if (std::string_view("\\`*_[]<>|&#").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string row(std::string_view name, const std::string& before, const std::string& after) {
  return fmt::format("| {} | {} | {} |\n", name, before, after);
}

std::uint64_t size_of(const ImageFacts& facts) {
  std::uint64_t size = 0;
  for (const oci::Descriptor& layer : facts.layers)
    size += static_cast<std::uint64_t>(layer.size);
  return size;
}

std::size_t shared_layers(const ImageFacts& before, const ImageFacts& after) {
  std::set<std::string> known;
  for (const oci::Descriptor& layer : before.layers)
    known.insert(layer.digest.str());
  return static_cast<std::size_t>(
      std::count_if(after.layers.begin(), after.layers.end(),
                    [&](const oci::Descriptor& layer) { return known.contains(layer.digest.str()); }));
}

std::vector<std::string> package_lines(const ImageFacts& before, const ImageFacts& after) {
  std::vector<std::string> lines;
  for (const auto& [name, version] : after.packages) {
    const auto was = before.packages.find(name);
    if (was == before.packages.end()) {
      lines.push_back(fmt::format("- {} {} (new)\n", cell(name), cell(version)));
    } else if (was->second != version) {
      lines.push_back(fmt::format("- {} {} -> {}\n", cell(name), cell(was->second), cell(version)));
    }
  }
  for (const auto& [name, version] : before.packages) {
    if (!after.packages.contains(name)) lines.push_back(fmt::format("- {} {} (removed)\n", cell(name), cell(version)));
  }
  return lines;
}

Result<ImageFacts> facts_of(Context& context, const std::string& reference) {
  SLIPWAY_ASSIGN(const FoundImage found, find_image(context, reference));
  SLIPWAY_ASSIGN(const auto root, found.target->resolve(found.reference));
  SLIPWAY_ASSIGN(const image::Image image, load_found(found, std::nullopt));
  SLIPWAY_ASSIGN(const image::FileList list, file_lists(context).list(*found.target, image, context.stop()));
  SLIPWAY_ASSIGN(const builder::Sbom sbom, builder::take_sbom(*found.target, image, list, reference, context.stop(),
                                                              layer::spill_to_temporary(context.fs())));
  const auto label = [&](std::string_view key) {
    const auto at = image.config.labels.find(std::string(key));
    return at == image.config.labels.end() ? std::string() : at->second;
  };
  ImageFacts facts{root.digest.str(), label(kVersion), label(kRevision), image.manifest.layers, {}};
  for (const builder::SbomPackage& package : sbom.packages)
    facts.packages.emplace(package.name, package.version);
  return facts;
}

/// An old and a new image, with the places that name them.
struct Move {
  std::string before, after, policy;
  std::vector<std::string> places;
};

std::vector<Move> moves_of(const std::vector<run::PinReport>& reports) {
  std::vector<Move> moves;
  std::map<std::pair<std::string, std::string>, std::size_t> known;
  for (const run::PinReport& report : reports) {
    for (const run::PinChange& change : report.changes) {
      const auto [at, is_new] = known.try_emplace({change.before, change.after}, moves.size());
      if (is_new) moves.push_back({change.before, change.after, change.policy, {}});
      moves[at->second].places.push_back(fmt::format("{}:{}", report.file, change.where.row));
    }
  }
  return moves;
}

std::string comparison(Context& context, const Move& move) {
  if (move.before.find('@') == std::string::npos)
    return "Pinned for the first time: the old reference has no digest to compare with.\n";
  const auto before = facts_of(context, move.before);
  if (!before) return "The old image cannot be compared: " + cell(before.error().message) + "\n";
  const auto after = facts_of(context, move.after);
  if (!after) return "The new image cannot be compared: " + cell(after.error().message) + "\n";
  return facts_markdown(*before, *after);
}

std::string without_digest(const std::string& reference) { return reference.substr(0, reference.find('@')); }

}  // namespace

std::string facts_markdown(const ImageFacts& before, const ImageFacts& after) {
  std::string out = "|  | before | after |\n|---|---|---|\n";
  out += row("digest", before.digest, after.digest);
  if (!before.version.empty() || !after.version.empty())
    out += row("version", cell(before.version), cell(after.version));
  if (!before.revision.empty() || !after.revision.empty())
    out += row("revision", cell(before.revision), cell(after.revision));
  out += row("size", human_bytes(size_of(before)), human_bytes(size_of(after)));
  out += row("layers", fmt::format("{}", before.layers.size()),
             fmt::format("{}, {} of them shared", after.layers.size(), shared_layers(before, after)));
  const auto lines = package_lines(before, after);
  out += fmt::format("\nPackages that changed: {} of {}\n\n", lines.size(), after.packages.size());
  for (std::size_t i = 0; i < std::min(lines.size(), kMaxPackages); ++i)
    out += lines[i];
  if (lines.size() > kMaxPackages) out += fmt::format("- and {} more\n", lines.size() - kMaxPackages);
  return out;
}

std::string explain_pins(Context& context, const std::vector<run::PinReport>& reports) {
  std::string out;
  for (const Move& move : moves_of(reports)) {
    out += fmt::format("{}### {} -> {}\n\n", out.empty() ? "" : "\n", cell(without_digest(move.before)),
                       cell(without_digest(move.after)));
    if (!move.policy.empty()) out += fmt::format("Update policy: {}\n\n", cell(move.policy));
    out += comparison(context, move);
    out += "\nNamed in";
    for (std::size_t i = 0; i < std::min(move.places.size(), kMaxPlaces); ++i)
      out += (i == 0 ? " " : ", ") + cell(move.places[i]);
    if (move.places.size() > kMaxPlaces) out += fmt::format(" and {} more places", move.places.size() - kMaxPlaces);
    out += "\n";
  }
  return out;
}

}  // namespace slipway::cli
