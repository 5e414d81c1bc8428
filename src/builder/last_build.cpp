#include "slipway/builder/last_build.h"

#include <algorithm>
#include <limits>

#include "slipway/base/json_reader.h"
#include "slipway/base/text.h"

namespace slipway::builder {
namespace {

Json to_json(const LastBuild& build) {
  Json::Array locations;
  for (const oci::Location& location : build.locations)
    locations.emplace_back(location.str());
  return Json(Json::Object{{"app", build.app},
                           {"digest", build.digest.str()},
                           {"locations", std::move(locations)},
                           {"mediaType", build.media_type},
                           {"time", build.time}});
}

Result<LastBuild> from_json(const Json& json, const std::string& what) {
  SLIPWAY_ASSIGN(JsonReader reader, JsonReader::of(json, what));
  SLIPWAY_ASSIGN(std::string app, reader.required_string("app"));
  SLIPWAY_ASSIGN(Digest digest, reader.required_digest("digest"));
  SLIPWAY_ASSIGN(std::string media_type, reader.required_string("mediaType"));
  SLIPWAY_ASSIGN(const std::int64_t time, reader.required_integer("time", 0, std::numeric_limits<std::int64_t>::max()));
  SLIPWAY_ASSIGN(const auto texts, reader.string_list("locations"));
  std::vector<oci::Location> locations;
  for (const std::string& text : texts.value_or(std::vector<std::string>())) {
    SLIPWAY_ASSIGN(oci::Location location, oci::Location::parse(text));
    locations.push_back(std::move(location));
  }
  return LastBuild{std::move(app), std::move(locations), std::move(digest), std::move(media_type), time};
}

Result<std::vector<LastBuild>> read_all(FileSystem& fs, const std::filesystem::path& file) {
  SLIPWAY_ASSIGN(const std::string text, read_file(fs, file, 4u << 20));
  const std::string what = printable(file.native(), 4096);
  SLIPWAY_ASSIGN(const Json json, Json::parse(text, what));
  SLIPWAY_ASSIGN(JsonReader reader, JsonReader::of(json, what));
  SLIPWAY_ASSIGN(const std::string schema, reader.required_string("schema"));
  if (schema != kLastBuildSchema) {
    return fail(Error(Errc::invalid_argument, fmt::format("{} has the schema \"{}\", this version knows \"{}\"", what,
                                                          printable(schema, 100), kLastBuildSchema))
                    .with_hint("build again: slipway build; or name the image: slipway release ENV REF"));
  }
  SLIPWAY_ASSIGN(const Json* list, reader.array("builds"));
  std::vector<LastBuild> builds;
  if (list == nullptr) return builds;
  for (const Json& item : *list->array()) {
    SLIPWAY_ASSIGN(LastBuild build, from_json(item, what));
    builds.push_back(std::move(build));
  }
  return builds;
}

}  // namespace

Status write_last_build(FileSystem& fs, const std::filesystem::path& state_folder, const LastBuild& build) {
  SLIPWAY_TRY(fs.make_directories(state_folder));
  const std::filesystem::path file = state_folder / kLastBuildFile;
  // A record that cannot be read only ever saved typing: a new one replaces it.
  std::vector<LastBuild> builds;
  if (auto known = read_all(fs, file)) builds = *std::move(known);
  std::erase_if(builds, [&build](const LastBuild& other) { return other.app == build.app; });
  builds.push_back(build);
  std::sort(builds.begin(), builds.end(), [](const LastBuild& a, const LastBuild& b) { return a.app < b.app; });
  Json::Array list;
  for (const LastBuild& item : builds)
    list.push_back(to_json(item));
  const Json document(Json::Object{{"builds", std::move(list)}, {"schema", Json(kLastBuildSchema)}});
  SLIPWAY_ASSIGN(const std::string text, document.canonical());
  return write_file_atomically(fs, file, text);
}

Result<LastBuild> read_last_build(FileSystem& fs, const std::filesystem::path& state_folder, const std::string& app) {
  SLIPWAY_ASSIGN(auto builds, read_all(fs, state_folder / kLastBuildFile));
  for (LastBuild& build : builds) {
    if (build.app == app) return std::move(build);
  }
  return fail(Errc::not_found, "no build of \"{}\" is recorded in {}", printable(app, 100),
              printable(state_folder.native(), 4096));
}

}  // namespace slipway::builder
