#include "cli/image_results.h"

#include <algorithm>

#include "cli/result_file.h"
#include "slipway/oci/media_type.h"

namespace slipway::cli {
namespace {

std::string line_of(const ImageLine& line) { return line.location.with_digest(line.root.digest).str(); }

std::string all_lines(const std::vector<ImageLine>& lines) {
  std::string text;
  for (const ImageLine& line : lines)
    text += line_of(line) + "\n";
  return text;
}

Json descriptor_json(const oci::Descriptor& root) {
  Json json;
  json.set("mediaType", root.media_type).set("digest", root.digest.str()).set("size", root.size);
  return json;
}

/// The keys that buildx writes, so that what reads its file reads ours.
std::string metadata(const std::vector<ImageLine>& lines, const std::optional<Digest>& config) {
  std::vector<std::string> names;
  for (const ImageLine& line : lines)
    names.push_back(line.location.str());
  Json json;
  json.set("schema", "slipway/v1/metadata").set("containerimage.digest", lines.front().root.digest.str());
  if (config) json.set("containerimage.config.digest", config->str());
  json.set("containerimage.descriptor", descriptor_json(lines.front().root));
  json.set("image.name", fmt::format("{}", fmt::join(names, ",")));
  return json.pretty() + "\n";
}

/// GitHub reads these files line by line and keeps what other steps wrote.
Status write_github(const Context& context, const std::vector<ImageLine>& lines) {
  const auto output = context.surroundings().env("GITHUB_OUTPUT");
  if (output && !output->empty()) {
    SLIPWAY_TRY(append_to_file(
        *output, fmt::format("digest={}\nimage={}\n", lines.front().root.digest.str(), line_of(lines.front()))));
  }
  const auto summary = context.surroundings().env("GITHUB_STEP_SUMMARY");
  if (!summary || summary->empty()) return {};
  std::string text = "### slipway\n\n";
  for (const ImageLine& line : lines)
    text += fmt::format("- `{}`\n", line_of(line));
  return append_to_file(*summary, text);
}

/// Returns true if the image itself went to standard output, so that its line cannot.
bool is_piped(const ImageLine& line) { return !line.location.is_registry() && line.location.path() == "-"; }

}  // namespace

Status print_images(Context& context, const std::vector<ImageLine>& lines) {
  if (std::any_of(lines.begin(), lines.end(), is_piped)) {
    context.surroundings().write_err(all_lines(lines));
    return {};
  }
  if (!context.json()) return context.print_text(all_lines(lines));
  Json::Array images;
  for (const ImageLine& line : lines) {
    Json image;
    image.set("location", line.location.with_digest(line.root.digest).str()).set("digest", line.root.digest.str());
    image.set("mediaType", line.root.media_type).set("size", line.root.size);
    image.set("platforms", Json::Array(line.platforms.begin(), line.platforms.end()));
    images.push_back(std::move(image));
  }
  Json document;
  document.set("schema", "slipway/v1/images").set("images", std::move(images));
  return context.print_document(document);
}

Status print_result(Context& context, const Json& document, std::string_view lines) {
  return context.json() ? context.print_document(document) : context.print_text(lines);
}

void bind_result_files(OptionSet& options, ResultFiles& files) {
  options.value("--digest-file,--digestfile", "FILE", files.digest_file, "write the image's digest to FILE");
  options.value("--iidfile", "FILE", files.iid_file, "write the image ID (config digest) to FILE");
  options.value("--metadata-file", "FILE", files.metadata_file, "write buildx's metadata keys to FILE, as JSON");
  options.value("--image-refs", "FILE", files.image_refs, "write the result lines to FILE");
  options.value("--dotenv", "FILE", files.dotenv, "write IMAGE and DIGEST to FILE, for GitLab's dotenv reports");
}

Result<std::optional<Digest>> image_id(store::ReadTarget& target, const oci::Descriptor& root) {
  if (!oci::is_manifest(root.media_type)) return std::optional<Digest>();
  SLIPWAY_ASSIGN(const oci::Document document, copy::fetch_document(target, root));
  return std::optional<Digest>(std::get<oci::Manifest>(document).config.digest);
}

Error no_image_id() {
  return Error(Errc::invalid_argument, "--iidfile: an index of several platforms has no one image ID")
      .with_hint("use --digest-file FILE, or one --platform OS/ARCH");
}

Status check_result_files(const Context& context, const ResultFiles& files) {
  for (const auto& [option, path] : {std::pair("--digest-file", &files.digest_file),
                                     {"--iidfile", &files.iid_file},
                                     {"--metadata-file", &files.metadata_file},
                                     {"--image-refs", &files.image_refs},
                                     {"--dotenv", &files.dotenv}}) {
    if (*path) SLIPWAY_TRY(check_result_file(context, option, **path));
  }
  return {};
}

Status write_result_files(Context& context, const ResultFiles& files, const std::vector<ImageLine>& lines,
                          const std::optional<Digest>& config) {
  const auto write = [&](const std::optional<std::string>& path, const std::string& text) -> Status {
    return path ? write_result_file(context, *path, text) : Status();
  };
  const std::string digest = lines.front().root.digest.str();
  if (files.iid_file && !config) return fail(no_image_id());
  SLIPWAY_TRY(write(files.digest_file, digest + "\n"));
  SLIPWAY_TRY(write(files.iid_file, config ? config->str() + "\n" : ""));
  SLIPWAY_TRY(write(files.metadata_file, metadata(lines, config)));
  SLIPWAY_TRY(write(files.image_refs, all_lines(lines)));
  SLIPWAY_TRY(write(files.dotenv, fmt::format("IMAGE={}\nDIGEST={}\n", line_of(lines.front()), digest)));
  return write_github(context, lines);
}

}  // namespace slipway::cli
