#pragma once

#include <span>
#include <string_view>

namespace slipway::run {

/// A place of images in the objects of a custom kind.
struct ResourcePath {
  enum class Holds {
    pods_or_images,   ///< a PodSpec if the value is a mapping, an image reference if it is a scalar
    helm_values,      ///< a mapping of Helm values
    image_parts,      ///< a mapping with repository and tag, as in Helm values
    oci_artifact,     ///< a mapping with `url: oci://...` and `ref: {tag, digest}`
    helm_parameters,  ///< a list of Argo CD: mappings with `name` (of a value) and `value`
    kustomize_image,  ///< a scalar of Argo CD: "name=new:tag" or "name:tag"
    helm_set,         ///< a mapping of paths in the values to what stands there, as of `helm --set`
    kustomize_entry,  ///< a mapping of kustomize: name, newName, newTag, digest
    values_text,      ///< a text with Helm values
    patch_text        ///< a text with a patch of kustomize
  };
  std::string_view kind;
  std::string_view group;  ///< of the API
  std::string_view path;   ///< members joined with dots; "[]" for each item, "*" for each member
  Holds holds = Holds::pods_or_images;
};

/// Returns the table of custom kinds that pin knows: workflow engines, GitOps controllers, operators of databases and
/// monitoring. --crd adds to it.
std::span<const ResourcePath> known_resources();

}  // namespace slipway::run
