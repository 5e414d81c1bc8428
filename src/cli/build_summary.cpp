#include "cli/build_summary.h"

#include "cli/progress.h"
#include "cli/terminal.h"
#include "cli/text_layout.h"
#include "cli/warnings.h"
#include "slipway/base/text.h"

namespace slipway::cli {

void BuildCounter::planning_started(const std::string& platform) {
  if (work_ != nullptr) work_->planning_started(platform);
}

void BuildCounter::planning_finished(const std::string& platform) {
  if (work_ != nullptr) work_->planning_finished(platform);
}

void BuildCounter::planning_read(const std::string& platform, std::uint64_t at, std::uint64_t total) {
  if (work_ != nullptr) work_->planning_read(platform, at, total);
}

void BuildCounter::files_read(const std::string& platform, const std::string& name, std::uint64_t at,
                              std::uint64_t total) {
  if (work_ != nullptr) work_->files_read(platform, name, at, total);
}

void BuildCounter::blob_read(const oci::Descriptor& blob, std::uint64_t at) {
  if (work_ != nullptr) work_->blob_read(blob, at);
}

void BuildCounter::blob_finished(const oci::Descriptor& blob) {
  if (work_ != nullptr) work_->blob_finished(blob);
}

void BuildCounter::copied(const oci::Descriptor& d) {
  if (is_layer(d)) {
    const std::scoped_lock lock(mutex_);
    sent_ += static_cast<std::uint64_t>(d.size);
  }
  next_.copied(d);
}

void BuildCounter::layer_started(const std::string& platform, const std::string& name) {
  next_.layer_started(platform, name);
}

void BuildCounter::layer_reused(const std::string& platform, const std::string& name, const oci::Descriptor& d) {
  next_.layer_reused(platform, name, d);
}

void BuildCounter::layer_built(const std::string& platform, const std::string& name, const oci::Descriptor& d) {
  {
    const std::scoped_lock lock(mutex_);
    built_[d.digest] = static_cast<std::uint64_t>(d.size);
  }
  next_.layer_built(platform, name, d);
}

std::string BuildCounter::summary(const builder::BuildResult& result, std::chrono::milliseconds time) const {
  std::map<Digest, std::uint64_t> layers;
  for (const builder::BuiltImage& image : result.images) {
    for (const oci::Descriptor& layer : image.layers)
      layers[layer.digest] = static_cast<std::uint64_t>(layer.size);
  }
  const auto sum = [](const std::map<Digest, std::uint64_t>& sizes) {
    std::uint64_t bytes = 0;
    for (const auto& entry : sizes)
      bytes += entry.second;
    return bytes;
  };
  const std::scoped_lock lock(mutex_);
  std::string text = fmt::format("{}, {} ({} new, {})", counted(layers.size(), "layer"), human_bytes(sum(layers)),
                                 built_.size(), human_bytes(sum(built_)));
  if (sent_ > 0) text += fmt::format(", {} sent", human_bytes(sent_));
  return text + fmt::format(", {:.1f} s", static_cast<double>(time.count()) / 1000);
}

LogGroup::LogGroup(Context& context, std::string_view title)
    : context_(context), shown_(is_github_actions(context.surroundings()) && shows_progress(context)) {
  if (shown_) context_.surroundings().write_err(fmt::format("::group::{}\n", workflow_text(title)));
}

LogGroup::~LogGroup() {
  if (shown_) context_.surroundings().write_err("::endgroup::\n");
}

}  // namespace slipway::cli
