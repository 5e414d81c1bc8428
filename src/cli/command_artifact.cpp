#include <algorithm>

#include "cli/command.h"
#include "cli/config_flags.h"
#include "cli/found_image.h"
#include "cli/image_results.h"
#include "cli/image_root.h"
#include "cli/next_step.h"
#include "cli/registry_catalog.h"
#include "cli/streams.h"
#include "cli/verbs.h"
#include "slipway/base/text.h"
#include "slipway/copy/copy.h"
#include "slipway/io/filters.h"
#include "slipway/layer/entry.h"
#include "slipway/oci/media_type.h"
#include "slipway/store/blob_finder.h"

namespace slipway::cli {
namespace {

constexpr std::string_view kTitle = "org.opencontainers.image.title";
constexpr std::string_view kUnknownType = "application/vnd.unknown.artifact.v1";  // as oras names what nobody named
constexpr std::string_view kAnyBytes = "application/octet-stream";
constexpr std::size_t kMaxInput = 64u << 20;  // of standard input, which is held in memory

struct PutFlags {
  std::string reference;
  std::vector<std::string> files;  ///< FILE[:TYPE]
  std::optional<std::string> type, platform;
  std::vector<std::string> annotations;
  ResultFiles results;
};

/// A file on its way into an artifact.
struct Content {
  std::string path;
  oci::Descriptor blob;
  std::unique_ptr<io::RestartableSource> bytes;
};

/// Splits FILE[:TYPE]: a media type has a slash and no file has its name.
std::pair<std::string, std::string> file_and_type(const Context& context, const std::string& word) {
  const std::size_t colon = word.rfind(':');
  if (colon == std::string::npos || context.fs().stat(context.absolute(word), true)) return {word, {}};
  const std::string type = word.substr(colon + 1);
  return oci::is_valid_media_type(type) ? std::pair(word.substr(0, colon), type) : std::pair(word, std::string());
}

/// The name that `get` gives the file: the path as typed where it stays below the current folder, else its last part.
std::string title_of(const std::string& path) {
  const stdfs::path normal = stdfs::path(path).lexically_normal();
  const bool leaves = normal.is_absolute() || (!normal.empty() && *normal.begin() == "..");
  return leaves ? normal.filename().native() : normal.native();
}

Result<Content> read_content(Context& context, const std::string& word) {
  auto [path, type] = file_and_type(context, word);
  std::unique_ptr<io::RestartableSource> bytes;
  if (path == "-") {
    SLIPWAY_ASSIGN(std::string text, read_input(context, path, kMaxInput));
    bytes = std::make_unique<io::StringSource>(std::move(text));
  } else {
    SLIPWAY_ASSIGN(auto file, context.fs().open(context.absolute(path)));
    bytes = std::make_unique<io::FileSource>(std::move(file));
  }
  io::NullSink nowhere;
  io::HashingSink hashed(nowhere);
  SLIPWAY_TRY(io::copy(*bytes, hashed, context.stop()));
  SLIPWAY_TRY(bytes->restart());
  const auto size = static_cast<std::int64_t>(hashed.count());
  oci::Descriptor blob(type.empty() ? std::string(kAnyBytes) : type, hashed.digest(), size);
  if (path != "-") blob.annotations[std::string(kTitle)] = title_of(path);
  return Content{std::move(path), std::move(blob), std::move(bytes)};
}

/// Everything that an artifact consists of.
struct Artifact {
  std::vector<Content> contents;
  std::string manifest;
  oci::Descriptor root;
};

oci::Descriptor empty_config() { return {std::string(oci::kEmptyType), io::digest_of("{}"), 2}; }

/// image-spec manifest.md "Guidelines for Artifact Usage": the empty config, the files as layers.
Result<Artifact> artifact_of(Context& context, const PutFlags& f, std::optional<oci::Descriptor> subject) {
  const std::string type = f.type.value_or(std::string(kUnknownType));
  if (!oci::is_valid_media_type(type)) {
    return fail(error(Errc::invalid_argument, "\"{}\" is not a media type", printable(type, 200))
                    .with_hint("write e.g. --artifact-type application/vnd.example.report.v1+json"));
  }
  SLIPWAY_ASSIGN(oci::Annotations annotations, parse_annotations(f.annotations));
  std::vector<Content> contents;
  std::vector<oci::Descriptor> layers;
  for (const std::string& word : f.files) {
    SLIPWAY_ASSIGN(Content content, read_content(context, word));
    layers.push_back(content.blob);
    contents.push_back(std::move(content));
  }
  std::string bytes = oci::write_manifest({.raw = {},
                                           .media_type = std::string(oci::kManifestType),
                                           .artifact_type = type,
                                           .config = empty_config(),
                                           .layers = std::move(layers),
                                           .subject = std::move(subject),
                                           .annotations = std::move(annotations)});
  const auto size = static_cast<std::int64_t>(bytes.size());
  oci::Descriptor root(std::string(oci::kManifestType), io::digest_of(bytes), size);
  root.artifact_type = type;
  return Artifact{std::move(contents), std::move(bytes), std::move(root)};
}

Status store_artifact(Context& context, Artifact& artifact, const oci::Location& to) {
  SLIPWAY_ASSIGN(const auto target, context.opener().open_for_writing(to, Side::destination));
  for (Content& content : artifact.contents) {
    SLIPWAY_ASSIGN(const bool there, target->exists(content.blob));
    if (!there) SLIPWAY_TRY(target->push(content.blob, *content.bytes, context.stop()));
  }
  io::TextSource braces("{}");
  SLIPWAY_TRY(target->push(empty_config(), braces, context.stop()));
  if (to.tag()) return target->push_tagged(artifact.root, artifact.manifest, *to.tag());
  io::TextSource bytes(artifact.manifest);
  SLIPWAY_TRY(target->push(artifact.root, bytes, context.stop()));
  return target->keep_untagged(artifact.root);
}

Result<int> finish(Context& context, const PutFlags& f, Artifact& artifact, const oci::Location& to) {
  SLIPWAY_TRY(check_result_files(context, f.results));
  const std::vector<ImageLine> lines{{context.shown(to), artifact.root, {}}};
  if (!context.globals().dry_run) {
    SLIPWAY_TRY(store_artifact(context, artifact, to));
    SLIPWAY_TRY(write_result_files(context, f.results, lines, empty_config().digest));
  }
  SLIPWAY_TRY(print_images(context, lines));
  return 0;
}

Result<int> run_put(Context& context, const PutFlags& f) {
  SLIPWAY_ASSIGN(const oci::Location to, context.location(f.reference));
  if (to.digest())
    return fail(error(Errc::invalid_argument, "{}: a destination cannot have a digest", f.reference)
                    .with_hint(fmt::format("the digest comes from the files; name a tag: slipway put {}:TAG FILE",
                                           to.place())));
  SLIPWAY_ASSIGN(Artifact artifact, artifact_of(context, f, std::nullopt));
  return finish(context, f, artifact, to);
}

Result<int> run_attach(Context& context, const PutFlags& f) {
  if (!f.type) {
    return fail(
        Error(Errc::invalid_argument, "attach needs the type of the artifact")
            .with_hint(fmt::format("run: slipway attach {} {} --artifact-type application/vnd.example.report.v1+json",
                                   shell_word(f.reference), shell_word(f.files.front()))));
  }
  SLIPWAY_ASSIGN(const FoundImage found, find_image(context, f.reference));
  SLIPWAY_ASSIGN(const oci::Descriptor root, root_of(found, f.platform));
  const oci::Descriptor subject(root.media_type, root.digest, root.size);
  SLIPWAY_ASSIGN(Artifact artifact, artifact_of(context, f, subject));
  return finish(context, f, artifact, found.location.without_reference());
}

struct GetFlags {
  std::string reference;
  std::optional<std::string> folder;
};

std::string title_in(const oci::Descriptor& blob) {
  const auto title = blob.annotations.find(std::string(kTitle));
  return title == blob.annotations.end() ? "" : title->second;
}

/// The file's place below the folder. A title is foreign text: it may not leave the folder, nor go through a symlink.
Result<stdfs::path> place_below(const Context& context, const stdfs::path& folder, const std::string& title) {
  const auto path = layer::image_path("/" + title);
  if (!path || path->empty() || title.starts_with('/')) {
    return fail(
        error(Errc::malformed, "the artifact has a file named \"{}\", which would leave the folder",
              printable(title, 300))
            .with_hint(
                "print the file's bytes instead: slipway blob REPOSITORY@DIGEST (the digests: slipway manifest REF)"));
  }
  stdfs::path at = folder;
  for (const std::string& name : split(*path, '/')) {
    at /= name;
    const auto stat = context.fs().stat(at);
    if (stat && stat->type == FileType::symlink)
      return fail(
          error(Errc::already_exists, "{} is a symlink: nothing is written through it", printable(at.native(), 4096))
              .with_hint("remove it, or write to another folder: slipway get REF NEW-FOLDER"));
  }
  return at;
}

/// Writes a blob to a file: a temporary one beside it, renamed when every byte is proved.
Status write_blob(Context& context, store::ReadTarget& from, const oci::Descriptor& blob, const stdfs::path& file) {
  FileSystem& fs = context.fs();
  SLIPWAY_TRY(fs.make_directories(file.parent_path()));
  const stdfs::path waiting = file.parent_path() / fmt::format(".tmp-{}", blob.digest.short_hex());
  SLIPWAY_TRY(fs.remove(waiting));
  const auto fill = [&]() -> Status {
    SLIPWAY_ASSIGN(const auto out, fs.create(waiting));
    SLIPWAY_ASSIGN(const auto bytes, from.fetch(blob));
    io::FileSink sink(*out);
    SLIPWAY_TRY(io::copy(*bytes, sink, context.stop()));
    SLIPWAY_TRY(sink.finish());
    return fs.rename(waiting, file);
  };
  Status written = fill();
  if (!written) (void)fs.remove(waiting).has_value();
  return written;
}

Status print_blob(Context& context, store::ReadTarget& from, const oci::Descriptor& blob) {
  SLIPWAY_ASSIGN(const auto bytes, from.fetch(blob));
  StandardOutput out(context.surroundings());
  SLIPWAY_TRY(io::copy(*bytes, out, context.stop()));
  return {};
}

Error no_files(const FoundImage& found) {
  return error(Errc::invalid_argument, "{} has no files with names: it is not what slipway put or oras push writes",
               found.location.str())
      .with_hint(fmt::format("write an image's files with: slipway unpack {} DIR", found.location.str()));
}

Status print_files(Context& context, const FoundImage& found, const oci::Descriptor& root,
                   const std::vector<std::pair<std::string, oci::Descriptor>>& files) {
  std::string lines;
  Json::Array rows;
  for (const auto& [path, blob] : files) {
    lines += path + "\n";
    rows.push_back(Json().set("path", path).set("digest", blob.digest.str()).set("size", blob.size));
  }
  Json document;
  document.set("schema", "slipway/v1/get").set("location", context.shown(found.location).str());
  document.set("digest", root.digest.str()).set("files", std::move(rows));
  return print_result(context, document, lines);
}

Result<int> run_get(Context& context, const GetFlags& f) {
  SLIPWAY_ASSIGN(const FoundImage found, find_image(context, f.reference));
  SLIPWAY_ASSIGN(const store::Fetched fetched, found.target->fetch_document(found.reference));
  SLIPWAY_ASSIGN(const auto document, oci::parse_document(fetched.bytes, fetched.descriptor.media_type));
  const auto* manifest = std::get_if<oci::Manifest>(&document);
  if (manifest == nullptr) return fail(no_files(found));
  if (f.folder == "-") {
    if (manifest->layers.size() != 1) {
      return fail(error(Errc::invalid_argument, "the artifact has {} files: only one fits standard output",
                        manifest->layers.size())
                      .with_hint(fmt::format("write all of them with: slipway get {} DIR", found.location.str())));
    }
    SLIPWAY_TRY(print_blob(context, *found.target, manifest->layers.front()));
    return 0;
  }
  const std::string typed = f.folder.value_or(".");
  std::vector<std::pair<std::string, oci::Descriptor>> files;
  std::vector<stdfs::path> places;
  for (const oci::Descriptor& blob : manifest->layers) {
    const std::string title = title_in(blob);
    if (title.empty()) continue;
    SLIPWAY_ASSIGN(stdfs::path place, place_below(context, context.absolute(typed), title));
    places.push_back(std::move(place));
    files.emplace_back((stdfs::path(typed) / title).lexically_normal().native(), blob);
  }
  if (files.empty()) return fail(no_files(found));
  for (std::size_t i = 0; i < files.size() && !context.globals().dry_run; ++i)
    SLIPWAY_TRY(write_blob(context, *found.target, files[i].second, places[i]));
  SLIPWAY_TRY(print_files(context, found, fetched.descriptor, files));
  return 0;
}

Result<int> run_blob(Context& context, const std::string& text) {
  SLIPWAY_ASSIGN(const oci::Location location, context.location(text));
  if (!location.digest()) {
    return fail(
        error(Errc::invalid_argument, "\"{}\" names no blob", printable(text, 300))
            .with_hint(fmt::format("write {}@sha256:...; the digests are in: slipway manifest {}",
                                   shell_word(context.shown(location.without_reference()).str()), shell_word(text))));
  }
  SLIPWAY_ASSIGN(const auto target, context.opener().open_for_reading(location, Side::source));
  auto* finder = store::as<store::BlobFinder>(*target);
  if (finder == nullptr)
    return fail(error(Errc::unsupported, "{} does not find blobs by digest alone", target->name())
                    .with_hint("copy the image to a layout, then read the blob there: slipway copy SRC oci:FOLDER"));
  SLIPWAY_ASSIGN(const std::int64_t size, finder->blob_size(*location.digest()));
  SLIPWAY_TRY(print_blob(context, *target, oci::Descriptor(std::string(kAnyBytes), *location.digest(), size)));
  return 0;
}

Result<int> run_catalog(Context& context, const std::string& host) {
  if (!oci::is_valid_host(host)) {
    return fail(error(Errc::invalid_argument, "\"{}\" is not a registry", printable(host, 200))
                    .with_hint(host.find('/') == std::string::npos
                                   ? std::string("write HOST[:PORT], for example: slipway catalog registry.example.com")
                                   : fmt::format("write HOST[:PORT]; the tags of a repository: slipway ls {}",
                                                 shell_word(host))));
  }
  SLIPWAY_ASSIGN(const auto names, catalog(context.globals(), context.surroundings(), host));
  Json document;
  document.set("schema", "slipway/v1/catalog").set("host", host);
  document.set("repositories", Json::Array(names.begin(), names.end()));
  std::string lines;
  for (const std::string& name : names)
    lines += fmt::format("{}/{}\n", host, name);
  SLIPWAY_TRY(print_result(context, document, lines));
  return 0;
}

void bind_artifact(OptionSet& options, PutFlags& f) {
  options.positionals("FILE[:TYPE]", f.files, "files and their media types (default: application/octet-stream)");
  options.value("--artifact-type,--type", "TYPE", f.type, "media type of the artifact");
  options.list("--annotation", "K=V", f.annotations, "annotation of the manifest (repeatable)");
  options.also("-a");
  bind_result_files(options, f.results);
}

}  // namespace

Command put_command() {
  return {
      .name = "put",
      .aliases = {},
      .summary = "store files as an artifact, as oras push does",
      .description =
          "Writes an artifact whose blobs are the files, under their names, to a registry, layout or archive. The "
          "same files give the same digest. - is standard input, which has no name.",
      .synopsis = "[OPTIONS] REF FILE[:TYPE]...",
      .examples = {{"a chart",
                    "slipway put registry.example.com/team/chart:1.0.0 "
                    "chart.tgz:application/vnd.cncf.helm.chart.content.v1.tar+gzip"},
                   {"a report from a pipe",
                    "make report | slipway put oci:reports:today - --artifact-type application/vnd.example.report"}},
      .see_also = {"get", "attach", "blob"},
      .bind = [](OptionSet& options) -> Action {
        auto flags = std::make_shared<PutFlags>();
        options.positional("REF", flags->reference, "destination; without a tag it is found by its digest alone");
        bind_artifact(options, *flags);
        return [flags](Context& context) { return run_put(context, *flags); };
      }};
}

Command get_command() {
  return {.name = "get",
          .aliases = {},
          .summary = "write an artifact's files, as oras pull does",
          .description =
              "Writes every named file of an artifact below DIR and prints the paths. Each byte is verified before a "
              "file appears; no name leaves DIR. - prints the only file.",
          .synopsis = "REF [DIR]",
          .examples = {{"into the current folder", "slipway get registry.example.com/team/chart:1.0.0"},
                       {"a document that is attached to an image",
                        "slipway get registry.example.com/team/app@sha256:... - | jq ."}},
          .statuses = {{12, "a file is not what its digest says, or its name leaves DIR"}},
          .see_also = {"put", "attach", "unpack"},
          .bind = [](OptionSet& options) -> Action {
            auto flags = std::make_shared<GetFlags>();
            options.positional("REF", flags->reference, "an artifact");
            options.optional_positional("DIR", flags->folder, "folder for the files (default: the current one)");
            return [flags](Context& context) { return run_get(context, *flags); };
          }};
}

Command attach_command() {
  return {.name = "attach",
          .aliases = {},
          .summary = "attach files to an image",
          .description =
              "Writes an artifact whose subject is the image, beside it, so that slipway referrers and every OCI 1.1 "
              "client find it. A registry without the referrers API gets the fallback tag. The image stays as it is.",
          .synopsis = "[OPTIONS] --artifact-type TYPE REF FILE[:TYPE]...",
          .examples = {{"a scan report",
                        "slipway attach registry.example.com/team/app:v1 scan.json:application/json "
                        "--artifact-type application/vnd.example.scan.v1+json"},
                       {"to one platform's image",
                        "slipway attach --platform linux/arm64 oci:out:v1 notes.txt --artifact-type text/plain"}},
          .see_also = {"referrers", "get", "sbom"},
          .bind = [](OptionSet& options) -> Action {
            auto flags = std::make_shared<PutFlags>();
            options.positional("REF", flags->reference, kImageHelp);
            bind_artifact(options, *flags);
            options.value("--platform", "OS/ARCH", flags->platform,
                          "attach to this platform's image of an index (default: the index itself)");
            return [flags](Context& context) { return run_attach(context, *flags); };
          }};
}

Command blob_command() {
  return {.name = "blob",
          .aliases = {},
          .summary = "print a blob, byte for byte",
          .description = "Prints the bytes that a digest names in a repository, layout or archive, verified.",
          .synopsis = "REPO@DIGEST",
          .examples = {{"the files of a layer", "slipway blob oci:out@sha256:... | tar tz"},
                       {"a config", "slipway blob registry.example.com/team/app@sha256:... | jq ."}},
          .statuses = {{13, "the blob does not exist"}},
          .see_also = {"manifest", "config", "get"},
          .bind = [](OptionSet& options) -> Action {
            auto reference = std::make_shared<std::string>();
            options.positional("REPO@DIGEST", *reference, "a repository, layout or archive, and the blob's digest");
            return [reference](Context& context) { return run_blob(context, *reference); };
          }};
}

Command catalog_command() {
  return {.name = "catalog",
          .aliases = {},
          .summary = "list the repositories of a registry",
          .description =
              "Prints HOST/REPOSITORY, one a line. Registries need not have such a list, and many show it to "
              "administrators alone.",
          .synopsis = "HOST",
          .examples = {{"all of them", "slipway catalog registry.example.com"},
                       {"and their tags", "slipway catalog registry.example.com | xargs -n 1 slipway ls"}},
          .statuses = {{14, "the registry does not list its repositories to this login"}},
          .see_also = {"ls", "probe"},
          .bind = [](OptionSet& options) -> Action {
            auto host = std::make_shared<std::string>();
            options.positional("HOST", *host, "a registry: HOST[:PORT]");
            return [host](Context& context) { return run_catalog(context, *host); };
          }};
}

}  // namespace slipway::cli
