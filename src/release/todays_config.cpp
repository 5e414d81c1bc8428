#include "release/todays_config.h"

#include "release/config_files.h"
#include "release/plaintext.h"
#include "slipway/release/config_schema.h"

namespace slipway::release {
namespace {

constexpr std::size_t kMaxFile = 1u << 20;

/// Puts one environment's config together.
class Reading {
 public:
  Reading(const Environment& environment, FileSystem& fs) : environment_(environment), fs_(fs) {}

  Result<ConfigValues> run(std::vector<Error>& warnings) {
    for (const ConfigFile& file : environment_.env_files)
      SLIPWAY_TRY(add_env_file(file));
    for (const ConfigFile& place : environment_.files)
      SLIPWAY_TRY(add_config_files(fs_, place, merged_.files, diagnostics_));
    if (!environment_.files.empty()) check_config_files(merged_.files, environment_.files.front().where, diagnostics_);
    if (environment_.schema) SLIPWAY_TRY(apply_schema(*environment_.schema));
    refuse_plain_secrets();
    if (environment_.mode == Mode::layer || !merged_.files.empty()) merged_.path = environment_.config_path;
    warnings = diagnostics_.warnings();
    SLIPWAY_TRY(std::move(diagnostics_).status());
    return std::move(merged_);
  }

 private:
  /// Nothing, and the problem noted, when the file is not there.
  Result<std::optional<std::string>> text_of(const ConfigFile& file) {
    auto text = read_file(fs_, file.path, kMaxFile);
    if (text) return std::optional<std::string>(*std::move(text));
    if (text.error().code != Errc::not_found) return fail(std::move(text).error().at(file.where));
    diagnostics_.error(file.where, text.error().message, "create it, or correct the path in slipway.yaml");
    complete_ = false;
    return std::optional<std::string>();
  }

  Status add_env_file(const ConfigFile& file) {
    SLIPWAY_ASSIGN(const auto text, text_of(file));
    if (!text) return {};
    KeyPlaces places;
    merged_.overlay(parse_env_file(*text, file.path.string(), diagnostics_, &places));
    for (auto& [name, place] : places)
      places_.insert_or_assign(name, std::move(place));
    return {};
  }

  Status apply_schema(const ConfigFile& file) {
    SLIPWAY_ASSIGN(const auto text, text_of(file));
    if (!text) return {};
    Diagnostics own;
    const ConfigSchema schema = ConfigSchema::parse(*text, file.path.string(), own);
    for (const Error& error : own.errors())
      diagnostics_.add(error);
    // A key that a missing file would have set is not reported a second time.
    if (!own.has_errors() && complete_) schema.apply(merged_, places_, environment_.name, diagnostics_);
    return {};
  }

  void refuse_plain_secrets() {
    for (const auto& [name, place] : places_) {
      const auto plain = merged_.values.find(name);
      if (plain == merged_.values.end() || environment_.plaintext.contains(name)) continue;
      const auto why = looks_secret(name, plain->second);
      if (!why) continue;
      diagnostics_.error(place, fmt::format("{} looks like {}, which a release would keep for ever", name, *why),
                         fmt::format("write a reference (secret://NAME/path#key, env://NAME, file://PATH), or say why "
                                     "not in slipway.yaml: config: {{plaintext: {{{}: reason}}}}",
                                     name));
    }
    for (const auto& [name, file] : merged_.files) {
      const auto why = environment_.plaintext.contains(name) ? std::nullopt : holds_secret(*file.content);
      if (!why) continue;
      diagnostics_.error(environment_.files.front().where,
                         fmt::format("the file {} has {}, which a release would keep for ever", name, *why),
                         fmt::format("take it out and let the program read it from the environment, where a reference "
                                     "can stand for it, or say why not in slipway.yaml: config: {{plaintext: {{{}: "
                                     "reason}}}}",
                                     name));
    }
  }

  const Environment& environment_;
  FileSystem& fs_;
  Diagnostics diagnostics_;
  ConfigValues merged_;
  KeyPlaces places_;  ///< of the line that won
  bool complete_ = true;
};

}  // namespace

Result<ConfigValues> read_todays_config(const Environment& environment, FileSystem& fs, std::vector<Error>& warnings) {
  return Reading(environment, fs).run(warnings);
}

}  // namespace slipway::release
