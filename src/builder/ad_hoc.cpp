#include <algorithm>
#include <array>

#include "builder/recipe_values.h"
#include "slipway/base/json.h"
#include "slipway/base/text.h"
#include "slipway/builder/recipe.h"
#include "slipway/layer/entry.h"

namespace slipway::builder {
namespace {

tl::unexpected<Error> bad_add(const std::string& text, std::string_view why) {
  return fail(Error(Errc::invalid_argument, fmt::format("--add {}: {}", printable(text, 500), why))
                  .with_hint("write SRC:DST[:mode[:uid:gid]], e.g. build/hello:/usr/bin/hello:0755, or "
                             "src=SRC,dst=DST[,mode=0755][,owner=0:0] where names have colons"));
}

/// SRC:DST[:mode[:uid:gid]]
Status short_add(const std::string& text, FileRule& rule) {
  const std::vector<std::string> parts = split(text, ':');
  if (parts.size() != 2 && parts.size() != 3 && parts.size() != 5)
    return bad_add(text, "it is not SRC:DST[:mode[:uid:gid]]");
  rule.from.text = parts[0];
  rule.to = parts[1];
  if (parts.size() > 2) {
    SLIPWAY_ASSIGN(rule.mode, parse_mode(parts[2]));
  }
  if (parts.size() == 5) {
    SLIPWAY_ASSIGN(rule.owner, parse_owner(parts[3] + ":" + parts[4]));
  }
  return {};
}

/// src=...,dst=...[,mode=...][,owner=...]
Status long_add(const std::string& text, FileRule& rule) {
  for (const std::string& part : split(text, ',')) {
    const std::size_t equals = part.find('=');
    if (equals == std::string::npos) return bad_add(text, fmt::format("\"{}\" is not key=value", printable(part, 100)));
    const std::string key = part.substr(0, equals), value = part.substr(equals + 1);
    if (key == "src") {
      rule.from.text = value;
    } else if (key == "dst") {
      rule.to = value;
    } else if (key == "mode") {
      SLIPWAY_ASSIGN(rule.mode, parse_mode(value));
    } else if (key == "owner") {
      SLIPWAY_ASSIGN(rule.owner, parse_owner(value));
    } else {
      return bad_add(text, fmt::format("the key \"{}\" is unknown", printable(key, 40)));
    }
  }
  return {};
}

Result<FileRule> parse_add(const std::string& text) {
  FileRule rule;
  SLIPWAY_TRY(text.starts_with("src=") || text.starts_with("dst=") ? long_add(text, rule) : short_add(text, rule));
  if (rule.from.text.empty()) return bad_add(text, "the source is missing");
  if (rule.to.empty()) return bad_add(text, "the path in the image is missing");
  const auto path = layer::image_path(rule.to);
  if (!path) return bad_add(text, path.error().message);
  rule.from.where.file = fmt::format("--add {}", printable(text, 500));
  return rule;
}

Result<std::vector<std::string>> parse_argv(const std::string& text, std::string_view flag) {
  if (!text.starts_with('[')) return std::vector<std::string>{text};
  const auto refuse = [flag](std::string_view why) {
    return fail(Error(Errc::invalid_argument, fmt::format("{} is not a JSON array of words: {}", flag, why))
                    .with_hint(fmt::format("write e.g. {} '[\"/usr/bin/hello\", \"--verbose\"]', or one word", flag)));
  };
  const auto json = Json::parse(text, flag);
  if (!json) return refuse(json.error().message);
  std::vector<std::string> argv;
  for (const Json& item : *json->array()) {
    if (item.string() == nullptr) return refuse("an item is not a string");
    argv.push_back(*item.string());
  }
  return argv;
}

using Pair = std::pair<std::string, std::string>;

Result<Pair> parse_pair(const std::string& text, std::string_view flag, std::string_view what) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos) {
    return fail(Error(Errc::invalid_argument, fmt::format("{} {} has no '='", flag, printable(text, 300)))
                    .with_hint(fmt::format("write {} NAME=VALUE", flag)));
  }
  SLIPWAY_ASSIGN(std::string key, parse_key(text.substr(0, equals), what));
  SLIPWAY_ASSIGN(std::string value, parse_text(text.substr(equals + 1)));
  return Pair(std::move(key), std::move(value));
}

/// Collects what the flags mean and every mistake in them.
class FlagDecoder {
 public:
  explicit FlagDecoder(const AdHocRequest& request) : request_(request) {}

  Result<Recipe> decode(const std::filesystem::path& folder) {
    recipe_.folder = folder;
    decode_base();
    decode_layers();
    decode_config();
    decode_annotations();
    for (const std::string& text : request_.platforms) {
      if (auto platform = keep(oci::Platform::parse(text))) recipe_.platforms.push_back(*platform);
    }
    decode_compression();
    if (!errors_.empty()) return fail(combine(std::move(errors_)));
    return std::move(recipe_);
  }

  Result<ConfigChange> decode_change() {
    decode_config();
    decode_annotations();
    if (!errors_.empty()) return fail(combine(std::move(errors_)));
    return ConfigChange{std::move(recipe_.config), std::move(recipe_.annotations)};
  }

 private:
  template <class T>
  std::optional<T> keep(Result<T> result) {
    if (result) return std::optional<T>(*std::move(result));
    errors_.push_back(std::move(result).error());
    return std::nullopt;
  }

  void decode_base() {
    recipe_.base_where.file = "--base";
    if (request_.base == "scratch") return;
    auto base = keep(oci::Location::parse_for_reading(request_.base));
    if (base) recipe_.base = base->relative_to(recipe_.folder.native());
  }

  void decode_layers() {
    if (!request_.closures.empty() || !request_.runtime.empty()) {
      LayerRule rule;
      rule.name = "closure";
      for (const std::string& binary : request_.closures)
        rule.closure.push_back({binary, {"--closure", 0, 0}});
      for (const std::string& library : request_.dlopens)
        rule.dlopen.push_back({library, {"--dlopen", 0, 0}});
      for (const std::string& word : request_.runtime) {
        if (auto kind = keep(parse_runtime(word))) rule.runtime.push_back({*std::move(kind), {"--runtime", 0, 0}});
      }
      for (const std::string& word : request_.profiles) {
        if (auto profile = keep(parse_profile(word)))
          rule.profiles.push_back({*std::move(profile), {"--profile", 0, 0}});
      }
      if (request_.sysroot) rule.sysroot = Placed{*request_.sysroot, {"--sysroot", 0, 0}};
      recipe_.layers.push_back(std::move(rule));
    }
    for (std::size_t i = 0; i < request_.archives.size(); ++i) {
      LayerRule rule;
      rule.name = i == 0 ? "archive" : fmt::format("archive-{}", i + 1);
      rule.archive = Placed{request_.archives[i], {"--archive", 0, 0}};
      recipe_.layers.push_back(std::move(rule));
    }
    if (request_.adds.empty()) return;
    LayerRule rule;
    rule.name = "add";
    for (const std::string& text : request_.adds) {
      auto file = keep(parse_add(text));
      if (!file) continue;
      file->keep_modes = request_.preserve_modes;
      rule.files.push_back(*std::move(file));
    }
    recipe_.layers.push_back(std::move(rule));
  }

  void decode_annotations() {
    for (const std::string& text : request_.annotations) {
      if (auto pair = keep(parse_pair(text, "--annotation", "an annotation")))
        recipe_.annotations[pair->first] = pair->second;
    }
  }

  void decode_config() {
    ConfigRule& out = recipe_.config;
    if (request_.entrypoint) out.entrypoint = keep(parse_argv(*request_.entrypoint, "--entrypoint"));
    if (request_.cmd) out.cmd = keep(parse_argv(*request_.cmd, "--cmd"));
    for (const std::string& text : request_.env) {
      if (auto pair = keep(parse_pair(text, "--env", "a variable"))) out.env.push_back(*pair);
    }
    if (request_.user) out.user = keep(parse_user(*request_.user));
    if (request_.workdir) out.workdir = keep(parse_absolute(*request_.workdir));
    for (const std::string& text : request_.ports) {
      if (auto port = keep(parse_port(text))) out.ports.push_back(*port);
    }
    for (const std::string& text : request_.volumes) {
      if (auto volume = keep(parse_absolute(text))) out.volumes.push_back(*volume);
    }
    for (const std::string& text : request_.labels) {
      if (auto pair = keep(parse_pair(text, "--label", "a label"))) out.labels.push_back(*pair);
    }
    if (request_.stop_signal) out.stop_signal = keep(parse_stop_signal(*request_.stop_signal));
    if (request_.shell) out.shell = keep(parse_argv(*request_.shell, "--shell"));
    for (const std::string& text : request_.on_build) {
      if (auto instruction = keep(parse_text(text))) out.on_build.push_back(*std::move(instruction));
    }
    if (request_.author) out.author = keep(parse_text(*request_.author));
    decode_health_check();
  }

  void decode_health_check() {
    const std::array times{&request_.health_interval, &request_.health_timeout, &request_.health_start_period,
                           &request_.health_start_interval, &request_.health_retries};
    const bool tuned = std::any_of(times.begin(), times.end(), [](const auto* time) { return time->has_value(); });
    if (!request_.health_cmd && !tuned && !request_.no_health_check) return;
    if (!request_.health_cmd == !request_.no_health_check || (request_.no_health_check && tuned)) {
      errors_.push_back(Error(Errc::invalid_argument, request_.no_health_check
                                                          ? "--no-healthcheck excludes the other --health options"
                                                          : "the --health options need --health-cmd")
                            .with_hint("name the command: --health-cmd '[\"/usr/bin/hello\", \"--healthy\"]'"));
      return;
    }
    HealthCheck& check = recipe_.config.health_check.emplace();
    const auto time = [this](const std::optional<std::string>& text) {
      return text ? keep(parse_health_time(*text)).value_or(0) : 0;
    };
    check.interval = time(request_.health_interval);
    check.timeout = time(request_.health_timeout);
    check.start_period = time(request_.health_start_period);
    check.start_interval = time(request_.health_start_interval);
    if (request_.health_retries) check.retries = keep(parse_retries(*request_.health_retries)).value_or(0);
    if (auto test = keep(health_words())) check.test = *std::move(test);
  }

  /// A JSON array is a program with its arguments, anything else a command for the shell, as in docker.
  Result<std::vector<std::string>> health_words() const {
    if (!request_.health_cmd) return std::vector<std::string>{"NONE"};
    if (!request_.health_cmd->starts_with('[')) return health_test({"CMD-SHELL", *request_.health_cmd});
    SLIPWAY_ASSIGN(auto words, parse_argv(*request_.health_cmd, "--health-cmd"));
    return health_test(std::move(words));
  }

  void decode_compression() {
    if (!request_.compression) return;
    const std::size_t colon = request_.compression->find(':');
    if (auto format = keep(io::parse_compression(request_.compression->substr(0, colon))))
      recipe_.compression = *format;
    if (colon == std::string::npos) return;
    if (auto level = keep(io::parse_level(request_.compression->substr(colon + 1)))) recipe_.level = *level;
  }

  const AdHocRequest& request_;
  Recipe recipe_;
  std::vector<Error> errors_;
};

}  // namespace

Result<Recipe> recipe_from_flags(const AdHocRequest& request, const std::filesystem::path& folder) {
  return FlagDecoder(request).decode(folder);
}

Result<ConfigChange> config_from_flags(const AdHocRequest& request) { return FlagDecoder(request).decode_change(); }

}  // namespace slipway::builder
