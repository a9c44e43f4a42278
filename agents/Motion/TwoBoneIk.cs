using System.Numerics;

namespace AgentGrid.Agents.Motion;

/// <summary>
/// Places the joint between two bones by the law of cosines. Source: R. Juckett, "Analytic Two-Bone IK in 2D", 2008,
/// https://www.ryanjuckett.com/analytic-two-bone-ik-in-2d/; here in the plane of the target and a pole vector.
/// </summary>
internal static class TwoBoneIk
{
    /// <summary>Where the middle joint goes. A target out of reach is approached with a straight limb.</summary>
    /// <param name="root">The upper bone's beginning.</param>
    /// <param name="target">Where the lower bone is to end.</param>
    /// <param name="upper">The upper bone's length.</param>
    /// <param name="lower">The lower bone's length.</param>
    /// <param name="pole">The direction in which the middle joint bends; not parallel to the limb.</param>
    public static Vector3 Middle(Vector3 root, Vector3 target, float upper, float lower, Vector3 pole)
    {
        var reach = target - root;
        var distance = Math.Clamp(reach.Length(), MathF.Abs(upper - lower) + 1e-5f, upper + lower - 1e-5f);
        var axis = Vector3.Normalize(reach);
        var bend = Vector3.Normalize(pole - axis * Vector3.Dot(pole, axis));
        var along = (upper * upper - lower * lower + distance * distance) / (2 * distance);
        var aside = MathF.Sqrt(MathF.Max(0, upper * upper - along * along));
        return root + axis * along + bend * aside;
    }
}
