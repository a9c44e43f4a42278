using System.Numerics;
using static AgentGrid.Agents.Motion.Skeleton;

namespace AgentGrid.Agents.Motion;

/// <summary>
/// Poses the skeleton for one frame: forward kinematics from the pelvis up, two-bone inverse kinematics for the legs.
/// The feet never move, so that they cannot slide.
/// </summary>
internal static class BodyPose
{
    /// <summary>How far the head moves aside in a full peek, in metres.</summary>
    public const double HeadTravel = 0.3;

    private const float PelvisHeight = 0.90f;
    private const float PelvisTravel = 0.18f;
    private const float Crouch = 0.05f;
    private const float HalfStance = 0.20f;

    // Radians, over the whole spine.
    private const float Lean = 0.35f;
    private const float Aim = 0.2f;
    private const float Breath = 0.01f;

    /// <param name="exposure">0 in cover, 1 fully leant out to the body's right.</param>
    /// <param name="breath">-1 to 1: where in a breath the chest is.</param>
    /// <param name="joints">Takes the positions, in metres.</param>
    public static void Solve(float exposure, float breath, Span<Vector3> joints)
    {
        joints[Pelvis] = new Vector3(-PelvisTravel * exposure, PelvisHeight - Crouch * exposure, 0);
        var lean = Quaternion.CreateFromAxisAngle(Vector3.UnitZ, Lean / 3 * exposure);
        var chest = Quaternion.CreateFromAxisAngle(Vector3.UnitX, Breath * breath);
        var spine1 = chest * lean;
        var spine2 = spine1 * lean;
        var spine3 = spine2 * lean;

        Place(joints, Spine1, Quaternion.Identity);
        Place(joints, Spine2, spine1);
        Place(joints, Spine3, spine2);
        Place(joints, Neck, spine3);

        // The head leans half as far as the chest: eyes stay near level.
        Place(joints, Head, spine3 * Quaternion.CreateFromAxisAngle(Vector3.UnitZ, -Lean / 2 * exposure));
        var arms = spine3 * Quaternion.CreateFromAxisAngle(Vector3.UnitX, -Aim * exposure);
        Place(joints, LeftCollar, spine3);
        Place(joints, RightCollar, spine3);
        Place(joints, LeftShoulder, spine3);
        Place(joints, RightShoulder, spine3);
        Place(joints, LeftElbow, arms);
        Place(joints, RightElbow, arms);
        Place(joints, LeftWrist, arms);
        Place(joints, RightWrist, arms);
        PlaceLeg(joints, LeftHip, LeftKnee, LeftAnkle, LeftFoot, HalfStance);
        PlaceLeg(joints, RightHip, RightKnee, RightAnkle, RightFoot, -HalfStance);
    }

    private static void Place(Span<Vector3> joints, int joint, Quaternion rotation) =>
        joints[joint] = joints[Parents[joint]] + Vector3.Transform(Offsets[joint], rotation);

    private static void PlaceLeg(Span<Vector3> joints, int hip, int knee, int ankle, int foot, float stance)
    {
        Place(joints, hip, Quaternion.Identity);
        joints[ankle] = new Vector3(stance, AnkleHeight, 0);
        joints[knee] = TwoBoneIk.Middle(joints[hip], joints[ankle], Thigh, Shin, Vector3.UnitZ);
        Place(joints, foot, Quaternion.Identity);
    }
}
