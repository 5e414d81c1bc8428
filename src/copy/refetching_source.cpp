#include "copy/refetching_source.h"

namespace slipway::copy {

Status RefetchingSource::open() {
  std::optional<Error> missing;
  for (store::ReadTarget* source : sources_) {
    auto stream = source->fetch(descriptor_);
    if (stream) {
      stream_ = *std::move(stream);
      seen_ = 0;
      failure_.reset();  // sources that do not have it were none
      return {};
    }
    failure_ = std::move(stream).error().on(Side::source);
    if (failure_->code != Errc::not_found) return fail(*failure_);
  }
  if (!failure_) failure_ = Error(Errc::not_found, "no source has " + descriptor_.digest.str());
  return fail(*failure_);
}

Result<std::size_t> RefetchingSource::read(std::span<std::byte> buffer) {
  if (!stream_) SLIPWAY_TRY(open());
  auto n = stream_->read(buffer);
  if (!n) {
    failure_ = std::move(n).error().on(Side::source);
    return fail(*failure_);
  }
  seen_ += *n;
  if (observer_ != nullptr && *n > 0) observer_->progressed(descriptor_, seen_);
  return n;
}

Status RefetchingSource::restart() {
  failure_.reset();
  return open();
}

}  // namespace slipway::copy
