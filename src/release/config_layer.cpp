#include "slipway/release/config_layer.h"

#include "slipway/base/text.h"
#include "slipway/io/compress.h"
#include "slipway/io/filters.h"
#include "slipway/io/hash.h"
#include "slipway/layer/file_tree_builder.h"
#include "slipway/layer/layer_reader.h"
#include "slipway/layer/layer_writer.h"
#include "slipway/oci/media_type.h"

namespace slipway::release {
namespace {

constexpr std::uint32_t kReadable = 0444;
constexpr std::size_t kMaxLayer = kMaxConfigFiles + (8u << 20);
constexpr std::uint64_t kMaxEntries = 100'000;

}  // namespace

Result<std::string> env_lines(const ConfigValues& values) {
  std::string text;
  for (const auto& [name, value] : values.values) {
    if (value.find('\n') != std::string::npos)
      return fail(Errc::invalid_argument, "the value of {} has a line end, which an env file cannot express", name);
    text += name + "=" + value + "\n";
  }
  return text;
}

Result<ConfigLayer> make_config_layer(const ConfigValues& values) {
  SLIPWAY_ASSIGN(const std::string folder, layer::image_path(values.path));
  layer::FileTreeBuilder files(real_fs());
  layer::FileEntry env;
  env.path = fmt::format("{}/{}", folder, kEnvFileName);
  env.mode = kReadable;
  SLIPWAY_ASSIGN(env.content, env_lines(values));
  env.size = env.content.size();
  SLIPWAY_TRY(files.add_entry(std::move(env)));
  for (const auto& [name, file] : values.files) {
    if (file.content == nullptr)
      return fail(Errc::internal, "the config's file {} was listed, but its content was not read", name);
    layer::FileEntry entry;
    entry.path = folder + "/" + name;
    entry.mode = file.mode;
    entry.content = *file.content;
    entry.size = file.size;
    SLIPWAY_TRY(files.add_entry(std::move(entry)));
  }
  SLIPWAY_ASSIGN(const layer::FileTree tree, std::move(files).finish(0));
  io::StringSink sink(kMaxLayer);
  SLIPWAY_ASSIGN(Digest diff_id, layer::write_layer(real_fs(), tree, {}, sink));
  std::string bytes = sink.take();
  oci::Descriptor blob(std::string(oci::kLayerGzipType), io::digest_of(bytes), static_cast<std::int64_t>(bytes.size()));
  return ConfigLayer{std::move(blob), std::move(diff_id), std::move(bytes)};
}

Status read_config_layer(std::unique_ptr<io::Source> blob, ConfigValues& values) {
  SLIPWAY_ASSIGN(const std::string folder, layer::image_path(values.path));
  const auto refuse = [](std::string_view path) {
    return fail(Errc::verification_failed, "the config's layer has {}, which is not what the config lists",
                printable(path, 4096));
  };
  const auto tar = io::decompressor(std::move(blob));
  const layer::ReadLimits limits{.max_entries = kMaxEntries, .max_bytes = 4 * kMaxLayer};
  std::size_t found = 0;
  SLIPWAY_TRY(layer::read_tar(*tar, limits, [&](const layer::FileEntry& entry, io::Source& content) -> Status {
    if (entry.type == layer::EntryType::directory) return {};
    const std::string name = entry.path.starts_with(folder + "/") ? entry.path.substr(folder.size() + 1) : "";
    if (name == kEnvFileName) return {};
    const auto file = values.files.find(name);
    if (entry.type != layer::EntryType::regular || file == values.files.end()) return refuse(entry.path);
    SLIPWAY_ASSIGN(std::string bytes, io::read_all(content, kMaxConfigFiles));
    if (io::digest_of(bytes) != file->second.digest || entry.mode != file->second.mode) return refuse(entry.path);
    file->second.content = std::make_shared<const std::string>(std::move(bytes));
    ++found;
    return {};
  }));
  if (found == values.files.size()) return {};
  return fail(Errc::verification_failed, "the config's layer has {} of its {} files", found, values.files.size());
}

}  // namespace slipway::release
