from django.db import migrations, models


class Migration(migrations.Migration):
    """An id of the customer's own may begin like none of ours, those of adjustments and refunds included."""

    dependencies = [
        ("accounts", "0004_staff_notes"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="customer",
            name="accounts_customer_external_id_is_not_ours",
        ),
        migrations.AddConstraint(
            model_name="customer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("external_id", None),
                    models.Q(
                        (
                            "external_id__regex",
                            (
                                "^(adj_|agt_|cor_|cre_|crn_|cst_|exe_|grt_|hld_|inv_|ivp_|key_|ltx_|pay_|pln_"
                                "|plv_|rfd_|sbs_|stm_|top_|uev_|usr_|wal_|wdr_|wof_)"
                            ),
                        ),
                        _negated=True,
                    ),
                    _connector="OR",
                ),
                name="accounts_customer_external_id_is_not_ours",
            ),
        ),
    ]
