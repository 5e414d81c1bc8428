#include "cli/found_image.h"

#include "cli/image_root.h"
#include "cli/opener.h"
#include "cli/project.h"
#include "slipway/image/image.h"

namespace slipway::cli {

Result<FoundImage> find_image(Context& context, const std::string& text) {
  SLIPWAY_ASSIGN(oci::Location location, readable(context, text));
  SLIPWAY_ASSIGN(auto target, context.opener().open_for_reading(location, Side::source));
  SLIPWAY_ASSIGN(auto reference, store::reference_of(location, *target));
  return FoundImage{std::move(location), std::move(target), std::move(reference)};
}

Result<image::Image> load_found(const FoundImage& found, const std::optional<std::string>& platform) {
  oci::Platform wanted = oci::host_platform();
  if (platform) {
    SLIPWAY_ASSIGN(wanted, oci::Platform::parse(*platform));
  }
  SLIPWAY_ASSIGN(const auto root, found.target->resolve(found.reference));
  // One manifest is what it is: only an index asks which platform is meant.
  if (!platform) {
    SLIPWAY_ASSIGN(const auto offers, image::list_platforms(*found.target, root));
    if (offers.size() == 1) return image::load_manifest(*found.target, offers.front().manifest);
  }
  return image::load_image(*found.target, root, wanted);
}

Result<oci::Descriptor> root_of(const FoundImage& found, const std::optional<std::string>& platform) {
  if (!platform) return found.target->resolve(found.reference);
  SLIPWAY_ASSIGN(const image::Image image, load_found(found, platform));
  return image.descriptor;
}

Error no_tag_list(const store::ReadTarget& place) {
  return error(Errc::unsupported, "{} cannot list its tags", place.name())
      .with_hint("name an image by a tag that you know: slipway inspect REF");
}

image::FileListCache file_lists(Context& context) {
  const stdfs::path cache = cache_folder(context.surroundings().env);
  return {context.fs(), cache.empty() ? cache : cache / "files"};
}

}  // namespace slipway::cli
