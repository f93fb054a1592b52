/** What users get: the container image, alone and in the clusters of {@code compose/}. */
@NullMarked
package io.kumki.image;

import org.jspecify.annotations.NullMarked;
