"""Pictures of recorded runs: the floor in three dimensions, without a screen or a graphics card.

poses -> scene (what stands where) -> canvas (Panda3D's software renderer) -> picture with a legend
-> PNG, animated WebP or GIF, MP4. docs/decisions/0011-pictures.md says why this renderer.
"""
