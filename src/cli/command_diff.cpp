#include <map>

#include "cli/command.h"
#include "cli/document_stream.h"
#include "cli/found_image.h"
#include "cli/project.h"
#include "cli/watched_target.h"
#include "slipway/base/text.h"
#include "slipway/builder/sbom.h"
#include "slipway/image/image_diff.h"

namespace slipway::cli {
namespace {

using LayerDifference = image::Difference;
using Part = LayerDifference::Part;

constexpr std::size_t kPiece = 64u << 10;  // of text that is printed at once

struct DiffFlags {
  std::string a, b;
  std::optional<std::string> platform;
  bool exit_code = false;
};

/// One side: the images of a location.
struct SideImages {
  FoundImage found;
  oci::Descriptor root;
  std::vector<image::Image> images;
};

Result<SideImages> load_side(Context& context, const std::string& text, const std::optional<std::string>& platform) {
  SLIPWAY_ASSIGN(FoundImage found, find_image(context, text));
  found.target = watched(context, std::move(found.target));
  auto resolved = found.target->resolve(found.reference);
  if (!resolved) return fail(std::move(resolved).error().in("looking for " + context.shown(found.location).str()));
  SideImages side{std::move(found), *std::move(resolved), {}};
  if (platform) {
    SLIPWAY_ASSIGN(image::Image image, load_found(side.found, platform));
    side.images.push_back(std::move(image));
    return side;
  }
  SLIPWAY_ASSIGN(const auto offers, image::list_platforms(*side.found.target, side.root));
  if (offers.empty())
    return fail(error(Errc::unsupported, "{} is not an image", context.shown(side.found.location).str())
                    .with_hint("look at it with: slipway inspect " + context.shown(side.found.location).str()));
  for (const image::Offer& offer : offers) {
    SLIPWAY_ASSIGN(image::Image image, image::load_manifest(*side.found.target, offer.manifest));
    side.images.push_back(std::move(image));
  }
  return side;
}

/// A key whose values differ: of two configs (a secret's value is its reference), or a package of two images.
struct KeyDiff {
  std::string key;
  std::optional<std::string> a, b;
};

/// The images of one platform that two sides have and that differ.
struct ImagePair {
  std::string platform;
  const image::Image& a;
  const image::Image& b;
};

std::vector<KeyDiff> different_values(const std::map<std::string, std::string>& a,
                                      const std::map<std::string, std::string>& b) {
  std::map<std::string, KeyDiff> all;
  for (const auto& [key, value] : a)
    all[key] = {key, value, std::nullopt};
  for (const auto& [key, value] : b) {
    all[key].key = key;
    all[key].b = value;
  }
  std::vector<KeyDiff> different;
  for (auto& [key, diff] : all) {
    if (diff.a != diff.b) different.push_back(std::move(diff));
  }
  return different;
}

/// Values, references to secrets and files of a config, by what `diff` calls them.
std::map<std::string, std::string> keys_of(const release::ConfigValues& config) {
  std::map<std::string, std::string> keys = config.values;
  keys.insert(config.secrets.begin(), config.secrets.end());
  for (const auto& [name, file] : config.files)
    keys["file " + name] = fmt::format("{} {} bytes, mode {:04o}", file.digest.str(), file.size, file.mode);
  return keys;
}

class Comparison {
 public:
  Comparison(Context& context, const DiffFlags& flags) : context_(context), flags_(flags) {}

  Result<int> run() {
    SLIPWAY_ASSIGN(const SideImages a, load_side(context_, flags_.a, flags_.platform));
    SLIPWAY_ASSIGN(const SideImages b, load_side(context_, flags_.b, flags_.platform));
    pair(a, b);
    cost_ = image::transfer_cost(a.images, b.images);
    different_ = a.root.digest != b.root.digest;
    if (flags_.platform) different_ = differs_inside();
    // An index is one more document; a lone manifest is among the images.
    const bool index = !flags_.platform && b.images.front().descriptor.digest != b.root.digest;
    if (index && different_) {
      cost_.bytes += b.root.size;
      ++cost_.blobs;
    }
    SLIPWAY_ASSIGN(const auto config_a, config_named(context_, flags_.a));
    SLIPWAY_ASSIGN(const auto config_b, config_named(context_, flags_.b));
    if (config_a && config_b) keys_ = different_values(keys_of(*config_a), keys_of(*config_b));
    SLIPWAY_TRY(context_.json() ? print_json(a, b) : print_text(a, b));
    const bool same = !different_ && (!keys_ || keys_->empty());
    return flags_.exit_code && !same ? kDiffers : 0;
  }

 private:
  bool differs_inside() const { return !pairs_.empty() || !only_a_.empty() || !only_b_.empty(); }

  void pair(const SideImages& a, const SideImages& b) {
    const bool lone = a.images.size() == 1 && b.images.size() == 1;
    std::vector<bool> taken(a.images.size(), false);
    for (const image::Image& image : b.images) {
      const std::string platform = image.config.platform.str();
      std::size_t i = 0;
      while (i < a.images.size() && (taken[i] || (!lone && a.images[i].config.platform.str() != platform)))
        ++i;
      if (i == a.images.size()) {
        only_b_.push_back(platform);
        continue;
      }
      taken[i] = true;
      if (a.images[i].descriptor.digest != image.descriptor.digest) pairs_.push_back({platform, a.images[i], image});
    }
    for (std::size_t i = 0; i < taken.size(); ++i) {
      if (!taken[i]) only_a_.push_back(a.images[i].config.platform.str());
    }
  }

  /// Visits the differences of a pair. Returns the Debian packages that differ, if files do.
  Result<std::vector<KeyDiff>> compare(const SideImages& a, const SideImages& b, const ImagePair& pair,
                                       const image::DifferenceVisitor& visit) {
    bool files = false;
    const auto visit_and_see = [&](const LayerDifference& d) {
      files = files || d.part == Part::layer || d.part == Part::file;
      return visit(d);
    };
    SLIPWAY_TRY(image::compare_images({*a.found.target, pair.a}, {*b.found.target, pair.b}, visit_and_see,
                                      context_.stop(), layer::spill_to_temporary(context_.fs())));
    if (!files) return std::vector<KeyDiff>();
    SLIPWAY_ASSIGN(const auto of_a, packages_of(*a.found.target, pair.a));
    SLIPWAY_ASSIGN(const auto of_b, packages_of(*b.found.target, pair.b));
    return different_values(of_a, of_b);
  }

  Result<std::map<std::string, std::string>> packages_of(store::ReadTarget& from, const image::Image& image) {
    SLIPWAY_ASSIGN(const image::FileList list, file_lists(context_).list(from, image, context_.stop()));
    return builder::installed_packages(from, image, list, context_.stop());
  }

  static std::string_view name_of(Part part) {
    constexpr std::string_view kNames[] = {"manifest", "annotation", "config", "layer", "file"};
    return kNames[static_cast<std::size_t>(part)];
  }

  std::string name(const SideImages& side) const {
    return context_.shown(side.found.location.with_digest(side.root.digest)).str();
  }

  static std::string line(const LayerDifference& d) {
    std::string out(d.part == Part::file ? "layer" : name_of(d.part));
    if (!d.layer.empty()) out += (d.part == Part::annotation ? " of layer " : " ") + d.layer;
    if (!d.path.empty()) out += fmt::format(" {}{}", d.part == Part::file ? "/" : "", printable(d.path, 8192));
    if (!d.field.empty()) out += " " + printable(d.field, 300);
    const auto text = [](const std::optional<std::string>& value) {
      return value ? (value->empty() ? std::string("\"\"") : printable(*value, 4096)) : std::string();
    };
    if (!d.a) return fmt::format("{}: only in B: {}", out, text(d.b));
    if (!d.b) return fmt::format("{}: only in A: {}", out, text(d.a));
    return fmt::format("{}: {} -> {}", out, text(d.a), text(d.b));
  }

  static std::string line(const KeyDiff& key) {
    const std::string name = "  " + printable(key.key, 300);
    const std::string of_a = printable(key.a.value_or(""), 4096), of_b = printable(key.b.value_or(""), 4096);
    return !key.a   ? fmt::format("{}: only in B: {}", name, of_b)
           : !key.b ? fmt::format("{}: only in A: {}", name, of_a)
                    : fmt::format("{}: {} -> {}", name, of_a, of_b);
  }

  Status print_text(const SideImages& a, const SideImages& b) {
    SLIPWAY_TRY(print_lines(fmt::format("A {}\nB {}\n", name(a), name(b))));
    for (const std::string& platform : only_a_)
      SLIPWAY_TRY(print_lines(fmt::format("{}: only in A\n", printable(platform))));
    for (const std::string& platform : only_b_)
      SLIPWAY_TRY(print_lines(fmt::format("{}: only in B\n", printable(platform))));
    for (const ImagePair& pair : pairs_) {
      SLIPWAY_TRY(print_lines(printable(pair.platform) + "\n"));
      const auto visit = [this](const LayerDifference& d) { return print_lines("  " + line(d) + "\n"); };
      SLIPWAY_ASSIGN(const auto packages, compare(a, b, pair, visit));
      for (const KeyDiff& package : packages)
        SLIPWAY_TRY(print_lines("  package" + line(package).substr(1) + "\n"));
    }
    SLIPWAY_TRY(print_lines(conclusion()));
    return context_.print_text(text_);
  }

  /// Collects lines and prints them in larger pieces.
  Status print_lines(std::string_view lines) {
    text_ += lines;
    if (text_.size() < kPiece) return {};
    SLIPWAY_TRY(context_.print_text(text_));
    text_.clear();
    return {};
  }

  /// The lines behind the differences of the images.
  std::string conclusion() const {
    std::string text;
    if (!different_) text += "identical\n";
    if (different_ && !differs_inside()) text += "the images are the same, the documents that hold them are not\n";
    if (keys_) {
      text += keys_->empty() ? "the configs are the same\n" : "config\n";
      for (const KeyDiff& key : *keys_)
        text += line(key) + "\n";
    }
    return text + fmt::format("to push or pull B where A is: {} ({} bytes) in {} blobs; {} are shared\n",
                              human_bytes(static_cast<std::uint64_t>(cost_.bytes)), cost_.bytes, cost_.blobs,
                              human_bytes(static_cast<std::uint64_t>(cost_.shared_bytes)));
  }

  static Json difference_json(const LayerDifference& d) {
    Json json;
    json.set("part", name_of(d.part));
    if (!d.layer.empty()) json.set("layer", d.layer);
    if (!d.path.empty()) json.set("path", (d.part == Part::file ? "/" : "") + printable(d.path, 8192));
    if (!d.field.empty()) json.set("field", printable(d.field, 300));
    if (d.a) json.set("a", printable(*d.a, 64u << 10));
    if (d.b) json.set("b", printable(*d.b, 64u << 10));
    return json;
  }

  Status print_json(const SideImages& a, const SideImages& b) {
    DocumentStream out(context_);
    SLIPWAY_TRY(out.member("schema", "slipway/v1/diff"));
    SLIPWAY_TRY(out.member("a", name(a)));
    SLIPWAY_TRY(out.member("b", name(b)));
    SLIPWAY_TRY(out.member("identical", !different_));
    SLIPWAY_TRY(out.member("onlyInA", Json::Array(only_a_.begin(), only_a_.end())));
    SLIPWAY_TRY(out.member("onlyInB", Json::Array(only_b_.begin(), only_b_.end())));
    SLIPWAY_TRY(out.open_list("platforms"));
    for (const ImagePair& pair : pairs_) {
      SLIPWAY_TRY(out.open_item());
      SLIPWAY_TRY(out.member("platform", pair.platform));
      SLIPWAY_TRY(out.open_list("differences"));
      const auto visit = [&out](const LayerDifference& d) { return out.item(difference_json(d)); };
      SLIPWAY_ASSIGN(const auto packages, compare(a, b, pair, visit));
      SLIPWAY_TRY(out.close());
      SLIPWAY_TRY(out.member("packages", keys_json(packages)));
      SLIPWAY_TRY(out.close());
    }
    SLIPWAY_TRY(out.close());
    Json transfer;
    transfer.set("bytes", cost_.bytes).set("blobs", cost_.blobs).set("sharedBytes", cost_.shared_bytes);
    SLIPWAY_TRY(out.member("transfer", std::move(transfer)));
    if (keys_) SLIPWAY_TRY(out.member("config", keys_json(*keys_)));
    return out.finish();
  }

  static Json keys_json(const std::vector<KeyDiff>& differences) {
    Json::Array keys;
    for (const KeyDiff& key : differences) {
      Json json;
      json.set("key", key.key);
      if (key.a) json.set("a", *key.a);
      if (key.b) json.set("b", *key.b);
      keys.push_back(std::move(json));
    }
    return Json(std::move(keys));
  }

  Context& context_;
  const DiffFlags& flags_;
  std::optional<std::vector<KeyDiff>> keys_;  ///< where both are releases
  std::vector<ImagePair> pairs_;
  std::vector<std::string> only_a_, only_b_;
  std::string text_;  ///< lines that are not printed yet
  image::TransferCost cost_;
  bool different_ = false;
};

}  // namespace

Command diff_command() {
  return {.name = "diff",
          .aliases = {},
          .summary = "compare two images or two releases",
          .description =
              "Explains each difference of two images, layer by layer and file by file, and says how many bytes have "
              "to move from A to B. Between two releases it compares their config, too; the values of secrets are "
              "never shown.",
          .synopsis = "[--platform OS/ARCH] [--exit-code] A B",
          .examples = {{"why a rebuild has another digest", "slipway diff oci:first:v1 oci:second:v1"},
                       {"what a promotion would change", "slipway diff production staging"},
                       {"in a script: is it the same?", "slipway diff -q --exit-code oci:out:v1 oci:out:v2"}},
          .statuses = {{10, "they differ and --exit-code was given"}},
          .see_also = {"files", "history", "inspect"},
          .bind = [](OptionSet& options) -> Action {
            auto flags = std::make_shared<DiffFlags>();
            options.positional("A", flags->a, kImageHelp);
            options.positional("B", flags->b, "the image that A is compared with");
            options.value("--platform", "OS/ARCH", flags->platform, "compare the images of this platform only");
            options.flag("--exit-code", flags->exit_code, "exit with 10 if they differ");
            return [flags](Context& context) { return Comparison(context, *flags).run(); };
          }};
}

}  // namespace slipway::cli
