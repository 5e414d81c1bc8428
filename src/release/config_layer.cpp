#include "slipway/release/config_layer.h"

#include "slipway/io/filters.h"
#include "slipway/layer/layer_writer.h"
#include "slipway/oci/media_type.h"

namespace slipway::release {
namespace {

constexpr std::uint32_t kReadable = 0444;
constexpr std::size_t kMaxLayer = 16u << 20;

Result<std::string> env_lines(const ConfigValues& values) {
  std::string text;
  for (const auto& [name, value] : values.values) {
    if (value.find('\n') != std::string::npos)
      return fail(Errc::invalid_argument, "the value of {} has a line end, which no line of an env file can have",
                  name);
    text += name + "=" + value + "\n";
  }
  return text;
}

}  // namespace

Result<ConfigLayer> make_config_layer(const ConfigValues& values) {
  SLIPWAY_ASSIGN(const std::string folder, layer::image_path(values.path));
  layer::FileTree tree;
  layer::Entry env;
  env.path = folder + "/env";
  env.mode = kReadable;
  SLIPWAY_ASSIGN(env.content, env_lines(values));
  env.size = env.content.size();
  SLIPWAY_TRY(tree.add_entry(std::move(env)));
  SLIPWAY_TRY(tree.finish(0));
  io::StringSink sink(kMaxLayer);
  SLIPWAY_ASSIGN(Digest diff_id, layer::write_layer(real_fs(), tree, {}, sink));
  std::string bytes = sink.take();
  oci::Descriptor blob(std::string(oci::kLayerGzipType), io::digest_of(bytes), static_cast<std::int64_t>(bytes.size()));
  return ConfigLayer{std::move(blob), std::move(diff_id), std::move(bytes)};
}

}  // namespace slipway::release
